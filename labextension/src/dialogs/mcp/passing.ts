/** What starts or stops at the moment, and since when it was seen to. */
import { IMcpServer } from '../../core/wire';

export class Passing {
  /** Something will be another soon. */
  get any(): boolean {
    return this._stopping || this._starting.size > 0;
  }

  take(servers: readonly IMcpServer[]): void {
    const starting = servers.filter(server => server.phase === 'starting').map(server => server.name);
    const since = starting.map(name => [name, this._starting.get(name) ?? Date.now()] as const);
    this._starting = new Map(since);
    this._stopping = servers.some(server => server.phase === 'stopping');
  }

  /** Seconds since it was first seen starting; 0 when it is not. */
  startingFor(name: string): number {
    const since = this._starting.get(name);
    return since === undefined ? 0 : (Date.now() - since) / 1000;
  }

  private _stopping = false;
  private _starting: ReadonlyMap<string, number> = new Map();
}
