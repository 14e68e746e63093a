/**
 * The state of the current project: its models, MCP servers and pending trust, as the server last told it.
 */
import { ISignal, Signal } from '@lumino/signaling';

import { MandrakeApi } from '../api';
import { Single } from '../core/single';
import { ICatalogue, IMcpServer, ITrust } from '../core/wire';
import { IProjectState } from '../tokens';

export class ProjectState implements IProjectState {
  constructor(
    private readonly _api: MandrakeApi,
    readonly workspace = 'default'
  ) {}

  get catalogue(): ICatalogue | null {
    return this._catalogue;
  }
  get mcpServers(): readonly IMcpServer[] {
    return this._mcpServers;
  }
  get trust(): ITrust | null {
    return this._trust;
  }
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Why the models could not be fetched the last time; null when they could. */
  get failure(): unknown {
    return this._failure;
  }

  /** A refresh asked for during a refresh runs once, after it. */
  refresh(): Promise<void> {
    return this._refresh.run();
  }

  /** The catalogue alone: what a poll during the demo model's download needs. Never rejects. */
  async refreshModels(): Promise<void> {
    await this._fetchModels();
    this._changed.emit();
  }

  putCatalogue(catalogue: ICatalogue): void {
    this._catalogue = catalogue;
    this._changed.emit();
  }

  putTrust(trust: ITrust): void {
    this._trust = trust;
    this._changed.emit();
  }

  private async _fetch(): Promise<void> {
    await Promise.all([
      this._fetchModels(),
      this._api.mcpServers(this.workspace).then(
        servers => void (this._mcpServers = servers),
        () => undefined
      ),
      this._api.trust(this.workspace).then(
        trust => void (this._trust = trust),
        () => undefined
      )
    ]);
    this._changed.emit();
  }

  private async _fetchModels(): Promise<void> {
    try {
      this._catalogue = await this._api.models(this.workspace);
      this._failure = null;
    } catch (error) {
      this._failure = error;
    }
  }

  private _catalogue: ICatalogue | null = null;
  private _mcpServers: IMcpServer[] = [];
  private _trust: ITrust | null = null;
  private _failure: unknown = null;
  private readonly _refresh = new Single(() => this._fetch());
  private readonly _changed = new Signal<this, void>(this);
}
