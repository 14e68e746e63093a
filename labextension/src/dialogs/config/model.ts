/** The editor of the project's own file without its looks: what is written, what was saved, who was faster. */
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { IConfigProblem, IErrorBody } from '../../core/wire';
import type { IPorts } from '../common/ports';
import type { ConfigApi, IConfigState } from './api';
import { EMPTY, IPlace, placeIn } from './words';

export class ConfigModel implements IDisposable {
  /** @param _whenSaved called after each save */
  constructor(
    private readonly _ports: IPorts<Pick<ConfigApi, 'read' | 'write'>>,
    private readonly _whenSaved: () => void
  ) {}

  phase: 'loading' | 'ready' | 'saving' = 'loading';
  text = '';
  /** Counts how often the text was replaced by what is in the file. */
  revision = 0;
  /** Why it could not be read or written. */
  failure: IErrorBody | null = null;
  /** Where what was refused is wrong. */
  wrongAt: IPlace | null = null;
  /** The file as somebody else left it meanwhile. */
  conflict: IConfigState | null = null;
  /** It was saved since the last change. */
  justSaved = false;
  /** Whether what was written may be lost is being asked. */
  asking = false;

  get changed(): ISignal<this, void> {
    return this._changed;
  }
  get isDisposed(): boolean {
    return this._disposed;
  }
  get known(): boolean {
    return this._state !== null;
  }
  get file(): string {
    return this._state?.file ?? '';
  }
  get path(): string {
    return this._state?.path ?? '';
  }
  get problems(): readonly IConfigProblem[] {
    return this._state?.problems ?? [];
  }
  get dirty(): boolean {
    return this._state !== null && this.text !== this._saved;
  }

  dispose(): void {
    this._disposed = true;
    Signal.clearData(this);
  }

  async load(): Promise<void> {
    this._set(() => {
      this.phase = 'loading';
      this.failure = null;
    });
    try {
      this._replace(await this._api.read(this._workspace));
    } catch (error) {
      this.failure = this._ports.explain(error).body;
    }
    this._set(() => (this.phase = 'ready'));
  }

  type(text: string): void {
    if (text !== this.text) {
      this._set(() => {
        this.text = text;
        this.failure = this.wrongAt = null;
        this.justSaved = this.asking = false;
      });
    }
  }

  /** Write it; whether that went well. A file that was changed meanwhile is not written over. */
  async save(): Promise<boolean> {
    if (!this._state || this.phase !== 'ready' || this.conflict) {
      return false;
    }
    const { text } = this;
    this._set(() => {
      this.phase = 'saving';
      this.failure = this.wrongAt = null;
      this.asking = false;
    });
    try {
      this._state = await this._api.write(this._workspace, text, this._state.etag);
      this._saved = text;
      this.justSaved = this.text === text;
      this._whenSaved();
      return true;
    } catch (error) {
      await this._refused(error);
      return false;
    } finally {
      this._set(() => (this.phase = 'ready'));
    }
  }

  /** Give up what was written here for what is in the file now. */
  reload(): void {
    const { conflict } = this;
    if (conflict) {
      this._set(() => this._replace(conflict));
    }
  }

  /** Write over what is in the file now: it was seen that there is something else. */
  async keepMine(): Promise<boolean> {
    const { conflict } = this;
    if (!conflict) {
      return false;
    }
    this._set(() => {
      this._state = conflict;
      this._saved = conflict.text;
      this.conflict = null;
    });
    return this.save();
  }

  /** Whether the editor may be closed now; if not, it is asked. */
  mayClose(): boolean {
    if (this.dirty && !this.asking) {
      this._set(() => (this.asking = true));
    }
    return !this.dirty;
  }

  goOn(): void {
    this._set(() => (this.asking = false));
  }

  private async _refused(error: unknown): Promise<void> {
    const { status, body } = this._ports.explain(error);
    this.failure = body;
    if (status === 412) {
      try {
        this.conflict = await this._api.read(this._workspace);
        this.failure = null;
      } catch (unreadable) {
        this.failure = this._ports.explain(unreadable).body;
      }
    }
    this.wrongAt = status === 400 ? placeIn(body.message) : null;
  }

  private _replace(state: IConfigState): void {
    this._state = state;
    this.text = this._saved = state.exists ? state.text : EMPTY;
    this.conflict = null;
    this.asking = this.justSaved = false;
    this.revision++;
  }

  private _set(change: () => void): void {
    change();
    if (!this._disposed) {
      this._changed.emit();
    }
  }

  private get _api() {
    return this._ports.api;
  }
  private get _workspace(): string {
    return this._ports.workspace;
  }

  private _state: IConfigState | null = null;
  private _saved = '';
  private _disposed = false;
  private readonly _changed = new Signal<this, void>(this);
}
