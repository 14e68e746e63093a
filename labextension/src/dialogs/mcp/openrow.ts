/** The open row: what is asked for only while someone looks into one MCP server. */
import { IDisposable } from '@lumino/disposable';

import { IErrorBody, IMcpHealth, INeed } from '../../core/wire';
import { IMandrake } from '../../tokens';
import { failureOf, portsOf } from '../common/failure';
import { without } from '../common/text';
import { McpApi } from './api';
import { LogModel } from './logmodel';
import { ToolsModel } from './toolsmodel';

export class OpenRow implements IDisposable {
  /**
   * @param _changed draw again
   * @param refresh look at the list: something of this MCP server is another by now
   */
  constructor(
    private readonly _mandrake: IMandrake,
    readonly name: string,
    private readonly _changed: () => void,
    private readonly _refresh: () => Promise<void>
  ) {
    this._api = new McpApi(_mandrake.api.settings);
    this.log = new LogModel(_mandrake, name, _changed);
    this.tools = new ToolsModel(portsOf(_mandrake, this._api), name, _changed, () => void this._used());
  }

  readonly log: LogModel;
  readonly tools: ToolsModel;
  health: IMcpHealth | null = null;
  /** Its health is being asked for. */
  checking = false;
  failure: IErrorBody | null = null;
  /** What was typed as the value of a need, by its key; it leaves the page when it is saved. */
  typed: Readonly<Record<string, string>> = {};
  /** The key of the need that is being saved. */
  saving: string | null = null;

  /** What was found, with the time that has passed since. */
  get healthNow(): IMcpHealth | null {
    const { health } = this;
    return health && health.uptime_seconds !== null
      ? { ...health, uptime_seconds: health.uptime_seconds + (Date.now() - this._checked) / 1000 }
      : health;
  }
  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    this._disposed = true;
    this.log.dispose();
    this.tools.dispose();
  }

  /** Someone looks into it, or no longer does. */
  watch(visible: boolean): void {
    this.log.watch(visible);
    if (visible && !this._looked) {
      this._looked = true;
      void this.check();
    }
  }

  /** Ask whether it answers: it wakes nothing. */
  async check(): Promise<void> {
    if (this.checking) {
      return;
    }
    this._set({ checking: true });
    try {
      const health = await this._api.health(this._workspace, this.name);
      this._checked = Date.now();
      this._set({ health, checking: false });
    } catch (error) {
      this._set({ failure: failureOf(this._mandrake.trans, error), checking: false });
    }
  }

  /** It was started or stopped: what is known is of before. @param started its tools may be others now */
  again(started: boolean): void {
    if (!this._disposed) {
      void this.check();
      if (started && this.tools.list) {
        void this.tools.load();
      }
    }
  }

  type(need: INeed, value: string): void {
    this._set({ typed: { ...this.typed, [keyOf(need)]: value } });
  }

  /** Store the value of a need; whether it went well. */
  async save(need: INeed): Promise<boolean> {
    const value = this.typed[keyOf(need)] ?? '';
    if (!need.key_name || !value || this.saving) {
      return false;
    }
    this._set({ saving: keyOf(need), failure: null });
    try {
      await this._api.saveKey(need.key_name, value);
    } catch (error) {
      this._set({ saving: null, failure: failureOf(this._mandrake.trans, error) });
      return false;
    }
    this._set({ saving: null, typed: without(this.typed, keyOf(need)) });
    await this._refresh();
    return true;
  }

  private async _used(): Promise<void> {
    await Promise.all([this.check(), this._refresh()]);
  }

  private _set(change: Partial<Pick<OpenRow, 'health' | 'checking' | 'failure' | 'typed' | 'saving'>>): void {
    Object.assign(this, change);
    if (!this._disposed) {
      this._changed();
    }
  }

  private get _workspace(): string {
    return this._mandrake.project.workspace;
  }

  private _checked = 0;
  private _looked = false;
  private _disposed = false;
  private readonly _api: McpApi;
}

/** A secret and a variable may have the same name. */
export function keyOf(need: INeed): string {
  return `${need.kind}:${need.id}`;
}
