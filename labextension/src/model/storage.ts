/** Whether chats can be stored, for the page: heard from refusals and from what happens, asked of the server now and then. */
import { ISignal, Signal } from '@lumino/signaling';

import { MandrakeApi } from '../api';
import { ChatApi } from '../chatapi';
import { after } from '../core/search';
import { ITrouble, StoreWatch } from '../core/storewatch';
import { FeedEvent, IErrorBody } from '../core/wire';
import { IFeed, IMandrake } from '../tokens';

export class Storage {
  constructor({ api, feed }: IMandrake, isVisible: () => boolean) {
    const own = new ChatApi(api.settings);
    this._watch = new StoreWatch({
      ask: () => own.ready(),
      isVisible: () => isVisible() && !document.hidden,
      changed: () => this._changed.emit(),
      after
    });
    api.refused.connect(this._onRefused, this);
    feed.event.connect(this._onEvent, this);
    feed.reset.connect(this.look, this);
  }

  get trouble(): ITrouble | null {
    return this._watch.trouble;
  }
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  look(): void {
    void this._watch.look();
  }

  dispose(): void {
    this._watch.dispose();
    Signal.clearData(this);
  }

  private _onRefused(_: MandrakeApi, body: IErrorBody): void {
    this._watch.refused(body);
  }

  private _onEvent(_: IFeed, event: FeedEvent): void {
    if (event.type === 'run_ended') {
      this._watch.ended(event.code);
    }
  }

  private readonly _watch: StoreWatch;
  private readonly _changed = new Signal<this, void>(this);
}
