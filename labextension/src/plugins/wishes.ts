/** What is remembered of the user's wishes: settings, and the chat that was open. Works without either store. */
import { PageConfig } from '@jupyterlab/coreutils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import { ISignal, Signal } from '@lumino/signaling';

import { IWishes } from '../view/context';

const STATE = 'mandrake-jupyter:panel';

export class Wishes implements IWishes {
  constructor(
    id: string,
    registry: ISettingRegistry | null,
    private readonly _state: IStateDB | null
  ) {
    this.ready = Promise.all([this._loadSettings(id, registry), this._loadState()]).then(() => undefined);
  }

  /** Resolves when both stores were asked; never rejects. */
  readonly ready: Promise<void>;

  get keepDemo(): boolean {
    return this._keepDemo;
  }
  get sendWithShiftEnter(): boolean {
    return (this._settings?.composite.sendWithShiftEnter as boolean | undefined) ?? false;
  }
  /** The id of the chat that was open last. */
  get lastChat(): string | null {
    return this._lastChat;
  }
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  setKeepDemo(): void {
    this._keepDemo = true;
    this._changed.emit();
    this._settings?.set('keepDemo', true).catch(error => console.warn(error));
  }

  /** The state database writes late; a reload at once finds the chat in the tab's own storage. */
  remember(sessionId: string | null): void {
    this._lastChat = sessionId;
    sessionStorage.setItem(this._key, JSON.stringify(sessionId));
    this._state?.save(STATE, { session_id: sessionId }).catch(error => console.warn(error));
  }

  private async _loadSettings(id: string, registry: ISettingRegistry | null): Promise<void> {
    try {
      this._settings = (await registry?.load(id)) ?? null;
      this._settings?.changed.connect(this._onSettings, this);
      this._onSettings();
    } catch (error) {
      console.warn('Mandrake works with its default settings.', error);
    }
  }

  private async _loadState(): Promise<void> {
    try {
      const own = sessionStorage.getItem(this._key);
      if (own !== null) {
        this._lastChat = JSON.parse(own) as string | null;
        return;
      }
      const saved = await this._state?.fetch(STATE);
      const id = typeof saved === 'object' && saved !== null && 'session_id' in saved ? saved.session_id : null;
      this._lastChat = typeof id === 'string' ? id : null;
    } catch (error) {
      console.warn('Mandrake does not know which chat was open.', error);
    }
  }

  private _onSettings(): void {
    this._keepDemo = (this._settings?.composite.keepDemo as boolean | undefined) ?? false;
    this._changed.emit();
  }

  private readonly _key = `${STATE}:${PageConfig.getBaseUrl()}`;
  private _settings: ISettingRegistry.ISettings | null = null;
  private _keepDemo = false;
  private _lastChat: string | null = null;
  private readonly _changed = new Signal<this, void>(this);
}
