/** The MCP servers of the project as the view shows them: looked at while visible, when the feed tells of them. No DOM. */
import { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import { concerns } from '../../core/feed';
import { Single } from '../../core/single';
import { FeedEvent, IErrorBody, IMcpConfig, IMcpServer } from '../../core/wire';
import { IFeed, IMandrake } from '../../tokens';
import { failureOf } from '../common/failure';
import { ConfigApi } from '../config/api';
import { McpApi } from './api';
import type { LogModel } from './logmodel';
import { OpenRow } from './openrow';
import { Passing } from './passing';
import { announcements, arrange } from './status';

/** Milliseconds between two looks: while something starts or stops, while a row is open or nothing is told, else. */
const LIVELY = 1000;
const ALONE = 2000;
const TOLD = 60_000;

export type Control = 'start' | 'stop' | 'restart' | 'enable' | 'disable' | 'pause' | 'resume';
/** What cuts off calls in flight. */
const ENDINGS = ['stop', 'restart', 'disable'] as const;

export interface IQuestion {
  name: string;
  about: (typeof ENDINGS)[number] | 'remove';
}

export class McpModel implements IDisposable {
  constructor(private readonly _mandrake: IMandrake) {
    this._own = new McpApi(_mandrake.api.settings);
    this._config = new ConfigApi(_mandrake.api.settings);
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
  open: OpenRow | null = null;
  /** What is wrong with the files that name MCP servers; `file` is the one that can be edited here. */
  config: Pick<IMcpConfig, 'file' | 'problems'> = { file: '', problems: [] };
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
    this.open?.dispose();
    Signal.clearData(this);
  }

  /** The view is on screen, or is no longer. */
  watch(visible: boolean): void {
    this._watching = visible;
    this._mandrake.feed.start();
    this._lookInto();
    void (visible ? this._poll.start() : this._poll.stop());
    if (visible) {
      void this.lookAtConfig();
    }
  }

  /** The page itself was hidden, or is seen again. */
  see(hidden: boolean): void {
    this._hidden = hidden;
    this._lookInto();
  }

  /** Look now, not at the next turn. Never rejects. */
  refresh(): Promise<void> {
    if (this.isDisposed || !this._watching) {
      return Promise.resolve(); // Nobody sees it.
    }
    return this._looks.run().catch(() => undefined); // Shown by `failure`.
  }

  startingFor(name: string): number {
    return this._passing.startingFor(name);
  }

  toggle(name: string, options: { whole?: boolean } = {}): void {
    const whole = options.whole ?? false;
    const { open } = this;
    if (open?.name === name && whole && !open.log.whole) {
      this._set(() => open.log.change({ whole }));
    } else {
      this._open(open?.name === name ? null : name, whole);
    }
  }

  /** Open a row, with its whole log if asked; it stays open if it is. */
  reveal(name: string, whole: boolean): void {
    if (this.open?.name !== name) {
      this._open(name, whole);
    } else if (whole) {
      this._set(() => this.open?.log.change({ whole }));
    }
  }

  private _open(name: string | null, whole: boolean): void {
    this.open?.dispose();
    const row =
      name === null
        ? null
        : new OpenRow(
            this._mandrake,
            name,
            () => this._set(() => undefined),
            () => this.refresh()
          );
    this._set(() => (this.open = row));
    row?.log.change({ whole });
    this._lookInto();
    this._pace();
  }

  changeLog(change: Parameters<LogModel['change']>[0]): void {
    this._set(() => this.open?.log.change(change));
  }

  ask(question: IQuestion | null): void {
    this._set(() => (this.question = question));
  }

  /** Start, stop, restart, enable or disable; asks before calls in flight are cut off. */
  async control(server: IMcpServer, action: Control, sure = false): Promise<void> {
    const { name, busy } = server;
    const about = ENDINGS.find(ending => ending === action);
    if (about && busy > 0 && !sure) {
      return this.ask({ name, about });
    }
    this._set(() => (this.question = null));
    await this._change(name, () =>
      action === 'enable' || action === 'disable'
        ? this._own.able(this._workspace, name, action)
        : this._api.controlMcpServer(this._workspace, name, action)
    );
    const row = this.open;
    if (row?.name === name) {
      row.again(action !== 'stop' && action !== 'disable' && !this.refusals.has(name));
    }
  }

  async remove(name: string): Promise<void> {
    this._set(() => (this.question = null));
    this._open(null, false);
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
  }

  /** What is wrong with the files; as it was when that can't be known. */
  async lookAtConfig(): Promise<void> {
    await this._config.read(this._workspace).then(
      config => this._set(() => (this.config = config)),
      () => undefined
    );
  }

  private _take(servers: readonly IMcpServer[]): void {
    const said = this.known ? announcements(this._mandrake.trans, this.servers, servers) : [];
    this.said = said.length ? said.join('. ') : this.said;
    this._passing.take(servers);
    this.servers = arrange(servers, this.names, this.hold);
    this.known = true;
    this.failure = null;
    if (this.open && !this._named(this.open.name)) {
      this._open(null, false);
    }
    this._lookInto();
    this._pace();
  }

  private _pace(): void {
    const told = this._mandrake.feed.live && !this.open;
    const interval = this._passing.any ? LIVELY : told ? TOLD : ALONE;
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
      if (event.type === 'tool_called' && event.server === this.open?.name && this._seen) {
        void this.open.check();
      }
      if (event.type === 'changed' && this._watching) {
        void this.lookAtConfig();
      }
    }
  }

  private _onReset(): void {
    void this.refresh();
  }

  /** What was not trusted is asked for nothing, and what is built in has nothing to ask for. */
  private _lookInto(): void {
    const server = this._named(this.open?.name ?? null);
    this.open?.watch(this._seen && !!server?.trusted && server.transport !== 'builtin');
  }

  private _named(name: string | null): IMcpServer | undefined {
    return this.servers.find(server => server.name === name);
  }

  private get _seen(): boolean {
    return this._watching && !this._hidden;
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
  private _hidden = false;
  private readonly _passing = new Passing();
  private readonly _looks = new Single(() => this._look());
  private readonly _own: McpApi;
  private readonly _config: ConfigApi;
  private readonly _poll: Poll;
  private readonly _changed = new Signal<this, void>(this);
}
