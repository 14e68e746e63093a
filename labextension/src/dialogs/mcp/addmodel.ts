/** "Add an MCP server" without its looks: what is pasted goes to the server to be read, and comes back as drafts. */
import { IDisposable } from '@lumino/disposable';
import { Debouncer } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import { WireError } from '../../api';
import { IErrorBody } from '../../core/wire';
import { IMandrake } from '../../tokens';
import { failureOf } from '../common/failure';
import { PasteApi } from './api';
import { addBody, draftOf, IDraft, nameProblem } from './entries';

/** Milliseconds without a key before the text is read. */
const PAUSE = 250;

export class AddModel implements IDisposable {
  /** @param taken the names that are in use */
  constructor(
    private readonly _mandrake: IMandrake,
    private readonly _taken: () => readonly string[]
  ) {
    this._api = new PasteApi(_mandrake.api.settings);
    this._soon = new Debouncer(() => this._read(), PAUSE);
  }

  text = '';
  /** The text was read; drafts and problems belong to it. */
  read = false;
  drafts: readonly IDraft[] = [];
  problems: readonly string[] = [];
  failure: IErrorBody | null = null;
  adding = false;
  /** The names that were added the last time, for a word of success. */
  added: readonly string[] = [];

  get changed(): ISignal<this, void> {
    return this._changed;
  }
  get isDisposed(): boolean {
    return this._soon.isDisposed;
  }
  get ready(): boolean {
    const on = this.drafts.filter(draft => draft.on);
    return this.read && on.length > 0 && on.every(draft => this.nameProblem(draft) === null);
  }

  dispose(): void {
    this._soon.dispose();
    Signal.clearData(this);
  }

  nameProblem(draft: IDraft): string | null {
    return draft.on ? nameProblem(this._mandrake.trans, draft.name, this._taken(), this.drafts) : null;
  }

  edit(text: string): void {
    this._set(() => {
      this.text = text;
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

  change(index: number, change: Partial<Pick<IDraft, 'name' | 'on' | 'settings'>>): void {
    this._set(() => {
      this.drafts = this.drafts.map((draft, i) => (i === index ? { ...draft, ...change } : draft));
      this.failure = null;
    });
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
      this.failure = failureOf(this._mandrake.trans, error);
      return false;
    } finally {
      this._set(() => (this.adding = false));
    }
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
          this.drafts = parsed.entries.map(draftOf);
          this.problems = parsed.problems;
          this.read = true;
        });
      }
    } catch (error) {
      const failure = failureOf(this._mandrake.trans, error);
      const unread = error instanceof WireError && error.status === 400;
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

  private get _workspace(): string {
    return this._mandrake.project.workspace;
  }

  private _turn = 0;
  private readonly _api: PasteApi;
  private readonly _soon: Debouncer;
  private readonly _changed = new Signal<this, void>(this);
}
