/**
 * What the panel shows: one chat, or the list of chats. Makes and disposes the chat models; has no DOM.
 */
import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import { WireError } from '../api';
import { changesProject, concerns } from '../core/feed';
import { after, IFoundOption, Search } from '../core/search';
import { Single } from '../core/single';
import { IDeleted, KEPT_SECONDS, Undo } from '../core/undo';
import { FeedEvent, ISession } from '../core/wire';
import { IFeed, IMandrake } from '../tokens';
import { MandrakeChat } from './chat';
import { Chats, findChat } from './chats';
import { Places } from './places';
import { restore } from './restoring';

export interface IPanelOptions {
  mandrake: IMandrake;
  createChat(session: ISession | null): MandrakeChat;
  places: Places;
  /** Whether anyone can see the panel: polls stand by while not. */
  isVisible(): boolean;
  /** Remember the chat that is open; null for none. */
  remember(sessionId: string | null): void;
}

/** Milliseconds between two looks: alone, and while the feed tells what happens. */
const ALONE = 4000;
const TOLD = 60_000;

export class PanelModel {
  constructor(private readonly _options: IPanelOptions) {
    this._poll = new Poll({
      name: 'mandrake-jupyter:panel',
      auto: false,
      factory: () => this._look.run(),
      frequency: { interval: ALONE, backoff: true, max: TOLD },
      standby: () => (_options.isVisible() ? 'when-hidden' : true)
    });
    const { api, feed } = _options.mandrake;
    const changed = () => this._changed.emit();
    this.chats = new Chats(_options.mandrake, changed);
    this.found = new Search({
      ask: (query, limit, signal) => api.search(query, this.chats.scope, limit, signal),
      changed,
      after
    });
    this.undo = new Undo({
      restore: deleted => restore(api, deleted),
      restored: (session, deleted) => this._restored(session, deleted),
      changed,
      after
    });
    feed.event.connect(this._onEvent, this);
    feed.reset.connect(this._onReset, this);
    feed.liveChanged.connect(this._onLive, this);
  }

  readonly chats: Chats;
  readonly found: Search;
  /** Chats and messages that were deleted a moment ago. */
  readonly undo: Undo;

  /** The open chat; null until the panel is first shown. */
  get chat(): MandrakeChat | null {
    return this._chat;
  }
  get view(): 'chat' | 'chats' {
    return this._view;
  }
  /** Emitted when another chat is open, the view or the list changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** First use: fetch what is known of the project, and open `sessionId`, if it is still there. Works once. */
  start(sessionId: string | null): Promise<void> {
    this._started ??= this._start(sessionId);
    return this._started;
  }

  /** Show an empty chat. The server hears of it with the first message. */
  newChat(): void {
    this._wanted += 1;
    if (this._isNew()) {
      this.show('chat');
    } else {
      this._put(null);
    }
    this._chat?.input.focus();
  }

  /** Show a chat of any project. Answers false if there is none with this id. */
  async openChat(sessionId: string): Promise<boolean> {
    if (this._chat?.session?.id === sessionId) {
      this.show('chat');
      return true;
    }
    const wanted = ++this._wanted;
    let session = this.chats.find(sessionId);
    try {
      session ??= await findChat(this._options.mandrake, sessionId);
    } catch (error) {
      if (error instanceof WireError && error.status === 404) {
        return false;
      }
      // The chat may be there, and Jupyter not: show the failure in its place, with a way to try again.
      session = { id: sessionId, workspace_id: this._options.mandrake.project.workspace, name: '' } as ISession;
    }
    // Unless the user has gone elsewhere meanwhile.
    if (wanted === this._wanted) {
      this._put(session);
    }
    return true;
  }

  /** Show the chat that was found, at the message. The search stays, to go on with. */
  openFound({ chat: { session }, hit }: IFoundOption): void {
    const { id } = session;
    this._options.places.ask(
      hit.kind === 'title' ? null : { session: id, message: hit.message_id, run: hit.run_id, part: hit.part }
    );
    this._wanted += 1;
    if (this._chat?.session?.id === id) {
      this.show('chat');
    } else {
      // The rest of it comes with its messages.
      this._put(this.chats.find(id) ?? ({ ...session } as ISession));
    }
    if (hit.kind === 'title') {
      this._chat?.input.focus();
    }
  }

  show(view: 'chat' | 'chats'): void {
    const before = this._view;
    this._view = view;
    this._changed.emit();
    if (view === 'chat' && before === 'chats') {
      // What happened in it meanwhile was not looked at.
      this._look.run().catch(() => this.wake());
    } else if (view === 'chats') {
      void this.chats.refresh();
      void this.chats.loadProjects();
    }
  }

  search(query: string): void {
    if (query && this._view !== 'chats') {
      this.show('chats');
    }
    this.found.type(query);
  }

  /** List and search another project; null for all. */
  setScope(scope: string | null): void {
    this.chats.setScope(scope);
    this.found.again();
  }

  async rename(session: ISession, name: string): Promise<void> {
    if (this._chat?.session?.id === session.id) {
      await this._chat.rename(name);
    } else {
      await this._options.mandrake.api.updateSession(session.workspace_id, session.id, { name });
    }
    await this.chats.refresh();
  }

  /** `session` as it is known now. */
  current(session: ISession): ISession {
    const own = this._chat?.session;
    const known = this.chats.find(session.id) ?? session;
    if (own?.id !== session.id) {
      return known;
    }
    const state = this._chat?.answering?.message.status;
    return { ...own, execution_state: !state ? known.execution_state : state === 'waiting' ? 'waiting' : 'busy' };
  }

  /** Delete it; for a while it can be brought back. */
  async remove(session: ISession): Promise<void> {
    await this._options.mandrake.api.deleteSession(session.workspace_id, session.id, KEPT_SECONDS);
    const open = this._chat?.session?.id === session.id;
    if (open) {
      this._put(null, this._view);
    }
    this.chats.drop(session.id);
    this.undo.drop(session.id);
    this.undo.add(session, open);
    this.found.again();
    await this.chats.refresh();
  }

  /** Look at once for what happened while nobody looked. */
  wake(): void {
    void this._poll.refresh();
  }

  dispose(): void {
    this._poll.dispose();
    this._chat?.dispose();
    this.undo.dispose();
    Signal.clearData(this);
  }

  private async _start(sessionId: string | null): Promise<void> {
    void this._options.mandrake.project.refresh();
    this._options.mandrake.feed.start();
    void this._poll.start();
    if (sessionId) {
      await this.openChat(sessionId);
    }
    if (!this._chat) {
      this.newChat();
    }
  }

  /** Nothing was said or typed in the open chat. */
  private _isNew(): boolean {
    return this._chat !== null && !this._chat.session && this._chat.entries.length === 0;
  }

  /** A chat is back; it is shown again if it was and nothing else was begun meanwhile. */
  private _restored(session: ISession, { message, open }: IDeleted): void {
    this.chats.put(session);
    if (message) {
      void (this._chat?.session?.id === session.id && this._chat.load());
    } else if (open && this._isNew() && !this._chat?.input.value.trim()) {
      this._wanted += 1;
      this._put(session, this._view);
    }
    this.found.again();
    void this.chats.refresh();
  }

  private _put(session: ISession | null, view: 'chat' | 'chats' = 'chat'): void {
    this._chat?.dispose();
    const chat = this._options.createChat(session);
    this._chat = chat;
    chat.sending.removed.connect((_, message) => chat.session && this.undo.add(chat.session, true, message));
    chat.sessionChanged.connect((_, now) => {
      this._options.remember(now.id);
      this._changed.emit();
      if (now.execution_state === 'idle') {
        void this._options.mandrake.project.refresh();
      }
    });
    this._options.remember(session?.id ?? null);
    this.show(view);
    void chat.load();
  }

  /** Only what is on screen: the rest is looked at when it is shown. */
  private _onEvent(_: IFeed, event: FeedEvent): void {
    const { kind, workspace, id } = concerns(event);
    if (kind === 'session') {
      this.chats.told(id, workspace);
      void (event.type === 'changed' && id === this._chat?.session?.id && this._chat.doubt());
    }
    if (!this._started || !this._options.isVisible()) {
      return;
    }
    if (kind === 'session' && (this._view === 'chats' || id === this._chat?.session?.id)) {
      this._look.run().catch(() => this.wake());
    } else if (changesProject(event)) {
      void this._options.mandrake.project.refresh();
    }
  }

  private _onReset(): void {
    this.chats.forget();
    if (this._started) {
      this.wake();
    }
  }

  private _onLive(feed: IFeed): void {
    this._poll.frequency = { ...this._poll.frequency, interval: feed.live ? TOLD : ALONE };
    if (this._started) {
      void this._poll.schedule();
    }
  }

  private async _tick(): Promise<void> {
    await (this._view === 'chats' ? this.chats.refresh() : this._chat?.catchUp());
  }

  private readonly _look = new Single(() => this._tick());

  private _started: Promise<void> | null = null;
  /** Counts the chats that were asked for: only the last one is shown. */
  private _wanted = 0;
  private _chat: MandrakeChat | null = null;
  private _view: 'chat' | 'chats' = 'chat';
  private readonly _poll: Poll;
  private readonly _changed = new Signal<this, void>(this);
}
