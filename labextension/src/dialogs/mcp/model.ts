/** The MCP servers of the project as the view shows them: looked at while visible, when the feed tells of them. No DOM. */
import { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import { concerns } from '../../core/feed';
import { Single } from '../../core/single';
import { FeedEvent, IErrorBody, ILogLine, IMcpServer, IToolSpec } from '../../core/wire';
import { IFeed, IMandrake } from '../../tokens';
import { failureOf } from '../common/failure';
import { announcements, arrange } from './status';

/** Milliseconds between two looks: while something starts or stops, while a log is read or nothing is told, else. */
const LIVELY = 1000;
const ALONE = 2000;
const TOLD = 60_000;
/** Lines of log: the last few in the open row, more once asked for. */
const GLANCE = 4;
const ALL = 200;

export interface IOpenRow {
  name: string;
  logs: ILogLine[];
  /** All lines instead of the last few. */
  whole: boolean;
  follow: boolean;
  tools: IToolSpec[] | null;
  /** The list of tools was asked for. */
  showTools: boolean;
  failure: IErrorBody | null;
}

export interface IQuestion {
  name: string;
  about: 'stop' | 'remove';
}

export class McpModel implements IDisposable {
  constructor(private readonly _mandrake: IMandrake) {
    this._poll = new Poll({
      name: 'mandrake-jupyter:mcp-servers',
      auto: false,
      standby: 'when-hidden',
      frequency: { interval: ALONE, backoff: true, max: 60_000 },
      factory: () => this._looks.run()
    });
    _mandrake.feed.event.connect(this._onEvent, this);
    _mandrake.feed.reset.connect(this._onReset, this);
    _mandrake.feed.liveChanged.connect(this._pace, this);
  }

  servers: readonly IMcpServer[] = [];
  /** The first look is done. */
  known = false;
  /** Why the list could not be fetched. */
  failure: IErrorBody | null = null;
  open: IOpenRow | null = null;
  question: IQuestion | null = null;
  /** Refused starts and stops, by name. */
  refusals: ReadonlyMap<string, IErrorBody> = new Map();
  /** For the live region. */
  said = '';
  /** The pointer is over the list: rows keep their places. */
  hold = false;

  get changed(): ISignal<this, void> {
    return this._changed;
  }
  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }
  get names(): string[] {
    return this.servers.map(server => server.name);
  }

  dispose(): void {
    this._poll.dispose();
    Signal.clearData(this);
  }

  /** The view is on screen, or is no longer. */
  watch(visible: boolean): void {
    this._watching = visible;
    this._mandrake.feed.start();
    void (visible ? this._poll.start() : this._poll.stop());
  }

  /** Look now, not at the next turn. Never rejects. */
  refresh(): Promise<void> {
    if (this.isDisposed || !this._watching) {
      return Promise.resolve(); // Nobody sees it.
    }
    return this._looks.run().catch(noop);
  }

  /** Seconds since it was first seen starting; 0 when it is not. */
  startingFor(name: string): number {
    const since = this._starting.get(name);
    return since === undefined ? 0 : (Date.now() - since) / 1000;
  }

  toggle(name: string, options: { whole?: boolean } = {}): void {
    const whole = options.whole ?? false;
    const closes = this.open?.name === name && this.open.whole === whole;
    this._set(() => {
      this.open = closes
        ? null
        : { name, logs: [], whole, follow: true, tools: null, showTools: false, failure: null };
    });
    this._pace();
    void this._lookAtLogs();
  }

  /** Open a row, with its whole log if asked; it stays open if it is. */
  reveal(name: string, whole: boolean): void {
    if (this.open?.name !== name || this.open.whole !== whole) {
      this.toggle(name, { whole });
    }
  }

  change(row: Partial<Pick<IOpenRow, 'follow' | 'whole'>>): void {
    this._set(() => (this.open = this.open && { ...this.open, ...row }));
    void this._lookAtLogs();
  }

  /** Show or hide the tools; the first time they are asked for, which may start the MCP server. */
  async toggleTools(): Promise<void> {
    const row = this.open;
    if (!row) {
      return;
    }
    this._put(row.name, { showTools: !row.showTools, failure: null });
    if (!row.showTools && !row.tools) {
      await this._api.mcpTools(this._workspace, row.name).then(
        tools => this._put(row.name, { tools }),
        error => this._put(row.name, { showTools: false, failure: failureOf(this._mandrake.trans, error) })
      );
    }
  }

  ask(question: IQuestion | null): void {
    this._set(() => (this.question = question));
  }

  /** Start, stop or restart; asks before calls in flight are cut off. */
  async control(server: IMcpServer, action: 'start' | 'stop' | 'restart', sure = false): Promise<void> {
    if (action === 'stop' && server.busy > 0 && !sure) {
      return this.ask({ name: server.name, about: 'stop' });
    }
    this._set(() => (this.question = null));
    await this._change(server.name, () => this._api.controlMcpServer(this._workspace, server.name, action));
  }

  async remove(name: string): Promise<void> {
    this._set(() => {
      this.question = null;
      this.open = null;
    });
    await this._change(name, () => this._api.removeMcpServer(this._workspace, name));
  }

  private async _change(name: string, request: () => Promise<IMcpServer | void>): Promise<void> {
    this._refuse(name, null);
    const asked = request();
    // The answer may take as long as the start does: show "Starting…" meanwhile.
    void this.refresh();
    try {
      const answer = await asked;
      if (answer) {
        this._set(() => this._take(this.servers.map(one => (one.name === name ? answer : one))));
      }
    } catch (error) {
      this._refuse(name, failureOf(this._mandrake.trans, error));
    }
    await this.refresh();
    void this._mandrake.project.refresh();
  }

  private _refuse(name: string, error: IErrorBody | null): void {
    this._set(() => {
      const refusals = new Map(this.refusals);
      refusals.delete(name);
      this.refusals = error ? refusals.set(name, error) : refusals;
    });
  }

  private async _look(): Promise<void> {
    let servers: IMcpServer[];
    try {
      servers = await this._api.mcpServers(this._workspace);
    } catch (error) {
      this._set(() => (this.failure = failureOf(this._mandrake.trans, error)));
      throw error;
    }
    this._set(() => this._take(servers));
    await this._lookAtLogs();
  }

  private _take(servers: readonly IMcpServer[]): void {
    const said = this.known ? announcements(this._mandrake.trans, this.servers, servers) : [];
    this.said = said.length ? said.join('. ') : this.said;
    this._stopping = servers.some(server => server.phase === 'stopping');
    for (const { name } of servers.filter(server => server.phase === 'starting' && !this._starting.has(server.name))) {
      this._starting.set(name, Date.now());
    }
    for (const name of this._starting.keys()) {
      if (!servers.some(server => server.name === name && server.phase === 'starting')) {
        this._starting.delete(name);
      }
    }
    this.servers = arrange(servers, this.names, this.hold);
    this.known = true;
    this.failure = null;
    this._pace();
  }

  private _pace(): void {
    const told = this._mandrake.feed.live && !this.open;
    const interval = this._starting.size || this._stopping ? LIVELY : told ? TOLD : ALONE;
    if (this._poll.frequency.interval !== interval) {
      this._poll.frequency = { ...this._poll.frequency, interval };
      if (this._watching) {
        void this._poll.schedule();
      }
    }
  }

  private _onEvent(_: IFeed, event: FeedEvent): void {
    const { kind } = concerns(event);
    if (kind === 'mcp_server') {
      void this.refresh();
    }
  }

  private _onReset(): void {
    void this.refresh();
  }

  /** The log of the open row; not while the reader stopped following it. */
  private async _lookAtLogs(): Promise<void> {
    const row = this.open;
    const server = this.servers.find(one => one.name === row?.name);
    if (!row || !server?.trusted || server.transport === 'builtin' || (row.logs.length && !row.follow)) {
      return;
    }
    await this._api.mcpLogs(this._workspace, row.name, row.whole ? ALL : GLANCE).then(
      logs => this._put(row.name, { logs }),
      () => undefined
    );
  }

  private _put(name: string, row: Partial<IOpenRow>): void {
    if (this.open?.name === name) {
      this._set(() => (this.open = this.open && { ...this.open, ...row }));
    }
  }

  private _set(change: () => void): void {
    change();
    if (!this.isDisposed) {
      this._changed.emit();
    }
  }

  private get _api() {
    return this._mandrake.api;
  }
  private get _workspace(): string {
    return this._mandrake.project.workspace;
  }

  private _watching = false;
  private _stopping = false;
  private readonly _starting = new Map<string, number>();
  private readonly _looks = new Single(() => this._look());
  private readonly _poll: Poll;
  private readonly _changed = new Signal<this, void>(this);
}

function noop(): void {
  /* Failures are shown by `failure`. */
}
