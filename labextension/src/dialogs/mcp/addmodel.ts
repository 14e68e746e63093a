/** "Add an MCP server" without its looks: what is pasted goes to the server to be read, and comes back as drafts. */
import { IDisposable } from '@lumino/disposable';
import { Debouncer } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import { IErrorBody, McpTest } from '../../core/wire';
import type { IPorts } from '../common/ports';
import type { McpApi } from './api';
import { addBody, contain, draftOf, filled, IDraft, nameProblem } from './entries';

/** What came of trying an entry out, or that it is tried since (`Date.now()`). */
export type Trial = { since: number } | { test: McpTest } | { failure: IErrorBody };

/** Milliseconds without a key before the text is read. */
const PAUSE = 250;

export class AddModel implements IDisposable {
  /** @param taken the names that are in use */
  constructor(
    private readonly _ports: IPorts<Pick<McpApi, 'parse' | 'test' | 'addMcpServer' | 'config'>>,
    private readonly _taken: () => readonly string[]
  ) {
    this._soon = new Debouncer(() => this._read(), PAUSE);
  }

  text = '';
  /** The name of an entry of the project's own file that is to become a managed container; its text is not shown. */
  replaces: string | null = null;
  /** The text was read; drafts and problems belong to it. */
  read = false;
  drafts: readonly IDraft[] = [];
  problems: readonly string[] = [];
  failure: IErrorBody | null = null;
  adding = false;
  /** What came of the tests, by the place of the draft; what changed since is not in it. */
  trials: ReadonlyMap<number, Trial> = new Map();
  /** The names that were added the last time, for a word of success. */
  added: readonly string[] = [];

  get changed(): ISignal<this, void> {
    return this._changed;
  }
  get isDisposed(): boolean {
    return this._soon.isDisposed;
  }
  get testing(): boolean {
    return this._abort !== null;
  }
  /** There is something to go on with or to leave. */
  get begun(): boolean {
    return this.text !== '' || this.replaces !== null;
  }
  get ready(): boolean {
    const on = this.drafts.filter(draft => draft.on);
    return this.read && on.length > 0 && on.every(draft => this.nameProblem(draft) === null);
  }

  dispose(): void {
    this._soon.dispose();
    this.stopTest();
    Signal.clearData(this);
  }

  nameProblem(draft: IDraft): string | null {
    return draft.on ? nameProblem(this._ports.trans, draft.name, this._taken().filter(name => name !== this.replaces), this.drafts) : null;
  }

  edit(text: string): void {
    this.stopTest();
    this._set(() => {
      this.trials = new Map();
      this.text = text;
      this.replaces = null;
      this.read = false;
      this.failure = null;
      this.added = [];
      if (!text.trim()) {
        this.drafts = this.problems = [];
      }
    });
    this._turn++;
    if (text.trim()) {
      void this._soon.invoke().catch(() => undefined);
    }
  }

  change(index: number, change: Partial<Pick<IDraft, 'name' | 'on' | 'contained' | 'settings'>>): void {
    const other = change.settings !== undefined || change.contained !== undefined;
    if (other) {
      this.stopTest();
    }
    this._set(() => {
      if (other) {
        this._try(index, null);
      }
      this.drafts = this.drafts.map((draft, i) => {
        const changed = i === index ? { ...draft, ...change } : draft;
        return i === index && change.contained !== undefined ? contain(changed, change.contained) : changed;
      });
      this.failure = null;
    });
  }

  /** Offer an entry of the project's own file as a managed container. */
  async replace(name: string): Promise<void> {
    this.edit('');
    const turn = this._turn;
    this._set(() => (this.replaces = name));
    try {
      const { text } = await this._api.config(this._workspace);
      const { entries } = await this._api.parse(this._workspace, text);
      if (turn === this._turn) {
        const found = entries.filter(entry => entry.name === name && entry.managed);
        this._set(() => {
          this.drafts = found.map(draftOf);
          this.read = found.length > 0;
          this.failure = found.length > 0 ? null : this._unkept(name);
        });
      }
    } catch (error) {
      if (turn === this._turn) {
        this._set(() => (this.failure = this._ports.explain(error).body));
      }
    }
  }

  private _unkept(name: string): IErrorBody {
    const { trans } = this._ports;
    return {
      code: 'not_kept',
      message: trans.__('“%1” can’t be run as a managed container.', name),
      then: trans.__('An option of its command has no counterpart there. It stays as it is.'),
      reason: '',
      actions: [],
      retryable: false,
      retry_after: null
    };
  }

  clear(): void {
    this.edit('');
  }

  /** Add what is switched on. Whether it went well. */
  async add(): Promise<boolean> {
    if (!this.ready || this.adding) {
      return false;
    }
    const names = this.drafts.filter(draft => draft.on).map(draft => draft.name.trim());
    this._set(() => {
      this.adding = true;
      this.failure = null;
    });
    try {
      await this._api.addMcpServer(this._workspace, addBody(this.drafts));
      this.clear();
      this.added = names;
      return true;
    } catch (error) {
      this.failure = this._ports.explain(error).body;
      return false;
    } finally {
      this._set(() => (this.adding = false));
    }
  }

  /** Start what is switched on, one after the other, once, apart from everything configured; written nowhere. */
  async test(): Promise<void> {
    if (!this.read || this.testing) {
      return;
    }
    const abort = (this._abort = new AbortController());
    for (const [index, draft] of this.drafts.entries()) {
      if (draft.on && !abort.signal.aborted) {
        this._set(() => this._try(index, { since: Date.now() }));
        const trial = await this._api.test(this._workspace, draft.name.trim(), filled(draft), abort.signal).then(
          (test): Trial => ({ test }),
          (error): Trial => ({ failure: this._ports.explain(error).body })
        );
        if (!abort.signal.aborted) {
          this._set(() => this._try(index, trial));
        }
      }
    }
    if (this._abort === abort) {
      this._set(() => (this._abort = null));
    }
  }

  /** Give up on the tests that are not done. */
  stopTest(): void {
    this._abort?.abort();
    this._abort = null;
    this._set(() => (this.trials = new Map([...this.trials].filter(([, trial]) => !('since' in trial)))));
  }

  private _try(index: number, trial: Trial | null): void {
    const trials = new Map(this.trials);
    trials.delete(index);
    this.trials = trial ? trials.set(index, trial) : trials;
  }

  private async _read(): Promise<void> {
    const turn = this._turn;
    if (this.isDisposed || !this.text.trim()) {
      return;
    }
    try {
      const parsed = await this._api.parse(this._workspace, this.text);
      if (turn === this._turn) {
        this._set(() => {
          this.trials = new Map();
          this.drafts = parsed.entries.map(draftOf);
          this.problems = parsed.problems;
          this.read = true;
        });
      }
    } catch (error) {
      const { status, body: failure } = this._ports.explain(error);
      const unread = status === 400;
      if (turn === this._turn) {
        this._set(() => {
          this.drafts = [];
          // What can't be understood yet is no failure: it may be half typed.
          this.problems = unread ? [failure.message] : [];
          this.failure = unread ? null : failure;
        });
      }
    }
  }

  private _set(change: () => void): void {
    change();
    if (!this.isDisposed) {
      this._changed.emit();
    }
  }

  private get _api() {
    return this._ports.api;
  }
  private get _workspace(): string {
    return this._ports.workspace;
  }

  private _turn = 0;
  private _abort: AbortController | null = null;
  private readonly _soon: Debouncer;
  private readonly _changed = new Signal<this, void>(this);
}
