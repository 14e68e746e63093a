/** What the trust dialog knows and does. Nothing is chosen until the reader chooses it; a folder that changed starts over. */
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { WireError } from '../../api';
import { IErrorBody, ITrust, ITrustEntry } from '../../core/wire';
import { IMandrake } from '../../tokens';
import { failureOf } from '../common/failure';
import { stillThere } from './entries';

export class TrustModel implements IDisposable {
  constructor(private readonly _mandrake: IMandrake) {}

  /** The folder's name; empty until known. */
  folder = '';
  phase: 'loading' | 'ready' | 'granting' | 'done' = 'loading';
  failure: IErrorBody | null = null;
  /** The list was replaced because the folder changed under it. */
  changedSince = false;

  get changed(): ISignal<this, void> {
    return this._changed;
  }
  get isDisposed(): boolean {
    return this._isDisposed;
  }
  get entries(): readonly ITrustEntry[] {
    return this._trust?.pending ?? [];
  }
  get known(): boolean {
    return this._trust !== null;
  }
  get chosen(): ReadonlySet<string> {
    return this._chosen;
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  async load(): Promise<void> {
    this._set(() => {
      this.phase = 'loading';
      this.failure = null;
    });
    try {
      const [workspace] = await Promise.all([this._api.workspace(this._workspace), this._fetch()]);
      this.folder = workspace.name;
    } catch (error) {
      this.failure = failureOf(this._mandrake.trans, error);
    }
    this._set(() => (this.phase = 'ready'));
  }

  toggle(id: string): void {
    const chosen = new Set(this._chosen);
    if (!chosen.delete(id)) {
      chosen.add(id);
    }
    this._set(() => (this._chosen = chosen));
  }

  /** Trust what is chosen. On 409 the new list is shown, with nothing chosen. */
  async grant(): Promise<void> {
    const chosen = stillThere(this.entries, this._chosen);
    if (!this._trust || !chosen.length || this.phase !== 'ready') {
      return;
    }
    this._set(() => {
      this.phase = 'granting';
      this.failure = null;
    });
    try {
      this._mandrake.project.putTrust(await this._api.grantTrust(this._workspace, this._trust.hash, chosen));
      this._set(() => (this.phase = 'done'));
      void this._mandrake.project.refresh();
    } catch (error) {
      await this._refused(error);
    }
  }

  private async _refused(error: unknown): Promise<void> {
    try {
      if (!(error instanceof WireError && error.status === 409)) {
        throw error;
      }
      await this._fetch();
      this.changedSince = true;
    } catch (cause) {
      this.failure = failureOf(this._mandrake.trans, cause);
    }
    this._set(() => (this.phase = 'ready'));
  }

  private async _fetch(): Promise<void> {
    this._trust = await this._api.trust(this._workspace);
    this._chosen = new Set();
    this._mandrake.project.putTrust(this._trust);
  }

  private _set(change: () => void): void {
    change();
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private get _api() {
    return this._mandrake.api;
  }
  private get _workspace(): string {
    return this._mandrake.project.workspace;
  }

  private _trust: ITrust | null = null;
  private _chosen: ReadonlySet<string> = new Set();
  private _isDisposed = false;
  private readonly _changed = new Signal<this, void>(this);
}
