/**
 * What happens at the server, heard over one connection for the whole page, opened when the first part of the page wants
 * it. A page that nobody sees hangs up: browsers allow few connections to a server, over all tabs.
 */
import { ISignal, Signal } from '@lumino/signaling';

import { MandrakeApi, WireError } from '../api';
import { FeedReader } from '../core/feed';
import { FeedEvent } from '../core/wire';
import { IFeed } from '../tokens';

export class Feed implements IFeed {
  constructor(api: MandrakeApi) {
    this._reader = new FeedReader({
      open: (seq, signal) => api.feed(seq, signal),
      onEvent: event => this._event.emit(event),
      onHello: ({ time }, reset) => {
        this._ahead = Date.parse(time) - Date.now();
        this._setLive(true);
        if (reset) {
          this._reset.emit();
        }
      },
      onLost: () => this._setLive(false),
      askedToWait: error => {
        const wait = error instanceof WireError ? error.body.retry_after : null;
        return wait === null ? null : wait * 1000;
      }
    });
  }

  get live(): boolean {
    return this._live;
  }
  get event(): ISignal<this, FeedEvent> {
    return this._event;
  }
  get reset(): ISignal<this, void> {
    return this._reset;
  }
  get liveChanged(): ISignal<this, void> {
    return this._liveChanged;
  }

  now(): number {
    return Date.now() + this._ahead;
  }

  start(): void {
    if (!this._started) {
      this._started = true;
      document.addEventListener('visibilitychange', () => this._look());
      this._look();
    }
  }

  private _look(): void {
    if (document.hidden) {
      this._reader.sleep();
      this._setLive(false);
    } else {
      this._reader.wake();
    }
  }

  private _setLive(live: boolean): void {
    if (live !== this._live) {
      this._live = live;
      this._liveChanged.emit();
    }
  }

  private _started = false;
  private _live = false;
  /** Milliseconds by which the server's clock is ahead of ours. */
  private _ahead = 0;
  private readonly _reader: FeedReader;
  private readonly _event = new Signal<this, FeedEvent>(this);
  private readonly _reset = new Signal<this, void>(this);
  private readonly _liveChanged = new Signal<this, void>(this);
}
