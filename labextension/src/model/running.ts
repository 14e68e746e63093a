/**
 * One list of what is alive, kept true: loaded once, mended by what the feed tells, told anew when its words change.
 * Asks by itself only now and then, more often without the feed, and not while the page is hidden. No DOM.
 */
import { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import { concerns } from '../core/feed';
import { IMoment, inOrder, IRow, ITimed, note, sameRows } from '../core/running';
import { Single } from '../core/single';
import { FeedEvent, ResourceKind } from '../core/wire';
import { IFeed } from '../tokens';

export interface ISource<T> {
  kind: ResourceKind;
  /** All that are alive. */
  all(): Promise<T[]>;
  /** Those of a project that have this id and are alive; left out where `all` is as cheap. */
  some?(workspace: string, id: string): Promise<T[]>;
  /** What `some` takes as id, where there is one. */
  keyOf(item: T): string;
  row(item: T, moment: IMoment): ITimed;
  /** Milliseconds after which the list is looked at anew although nothing was told of it. */
  patience: number;
}

/** Milliseconds between two looks without the feed, and before the first one. */
const ALONE = 10_000;
const FIRST = 2000;
/** What happens together is asked for together. */
const BREATH = 100;
/** So many at a time are asked for one by one. */
const FEW = 4;

export class RunningList<T> implements IDisposable {
  constructor(
    private readonly _feed: IFeed,
    private readonly _source: ISource<T>
  ) {
    this._poll = new Poll({
      name: `mandrake-jupyter:running-${_source.kind}`,
      auto: false,
      standby: 'when-hidden',
      frequency: { interval: ALONE, backoff: true, max: 300_000 },
      factory: () => this.refresh()
    });
    _feed.event.connect(this._onEvent, this);
    _feed.reset.connect(this._reload, this);
    _feed.liveChanged.connect(this._onLive, this);
  }

  get rows(): readonly IRow[] {
    return this._rows;
  }
  /** Emitted when a row came, went, or says something else. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }
  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  /** The list is loaded when the feed says hello, or soon without it. */
  start(): void {
    this._feed.start();
    void this._poll.schedule({ interval: FIRST });
  }

  /** Load the list anew. Rejects when it can't be had; the old one stays. */
  refresh(): Promise<void> {
    this._whole = true;
    return this._single.run();
  }

  dispose(): void {
    this._poll.dispose();
    clearTimeout(this._soon);
    clearTimeout(this._later);
    Signal.clearData(this);
  }

  private _onEvent(_: IFeed, event: FeedEvent): void {
    note(this._since, event);
    const { kind, workspace, id } = concerns(event);
    if (kind !== this._source.kind) {
      return;
    }
    this._wanted.set(`${workspace}/${id}`, { workspace, id });
    this._whole ||= !this._source.some || this._wanted.size > FEW;
    this._soon ??= setTimeout(() => {
      this._soon = undefined;
      this._single.run().catch(() => void this._poll.refresh());
    }, BREATH);
  }

  private _reload(): void {
    this.refresh().catch(() => void this._poll.refresh());
  }

  /** Woken or left alone: what is shown may be of some time ago. */
  private _onLive(): void {
    this._poll.frequency = { ...this._poll.frequency, interval: this._feed.live ? this._source.patience : ALONE };
    void this._poll.schedule();
    this._show();
  }

  private async _work(): Promise<void> {
    const whole = this._whole;
    const wanted = [...this._wanted.values()];
    this._whole = false;
    this._wanted.clear();
    const asked = this._feed.now();
    if (whole) {
      const items = await this._source.all();
      this._known = new Map(items.map(item => [this._source.keyOf(item), { item, fetched: asked }]));
    } else if (this._source.some) {
      for (const { workspace, id } of wanted) {
        const items = await this._source.some(workspace, id);
        this._known.delete(id);
        items.forEach(item => this._known.set(this._source.keyOf(item), { item, fetched: asked }));
      }
    }
    this._show();
  }

  private _show(): void {
    clearTimeout(this._later);
    if (this.isDisposed) {
      return;
    }
    const now = this._feed.now();
    const timed = inOrder(
      [...this._known.values()].map(({ item, fetched }) => this._source.row(item, { now, fetched, since: this._since }))
    );
    const lasts = Math.min(...timed.map(one => one.lasts));
    if (lasts < Infinity && !document.hidden) {
      this._later = setTimeout(() => this._show(), lasts);
    }
    const rows = timed.map(one => one.row);
    if (!sameRows(rows, this._rows)) {
      this._rows = rows;
      this._changed.emit();
    }
  }

  private _rows: readonly IRow[] = [];
  private _known = new Map<string, { item: T; fetched: number }>();
  private readonly _since = new Map<string, number>();
  /** What was told of and not yet asked for; `_whole`: all of it. */
  private readonly _wanted = new Map<string, { workspace: string; id: string }>();
  private _whole = false;
  private _soon: ReturnType<typeof setTimeout> | undefined;
  private _later: ReturnType<typeof setTimeout> | undefined;
  private readonly _single = new Single(() => this._work());
  private readonly _poll: Poll;
  private readonly _changed = new Signal<this, void>(this);
}
