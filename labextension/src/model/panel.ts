/**
 * What the panel shows: one chat, or the list of chats. Makes and disposes the chat models; has no DOM.
 */
import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import { WireError } from '../api';
import { concerns } from '../core/feed';
import { Single } from '../core/single';
import { FeedEvent, ISession } from '../core/wire';
import { IFeed, IMandrake } from '../tokens';
import { MandrakeChat } from './chat';
import { errorBodyOf } from './words';

export interface IPanelOptions {
  mandrake: IMandrake;
  createChat(session: ISession | null): MandrakeChat;
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
    const { feed } = _options.mandrake;
    feed.event.connect(this._onEvent, this);
    feed.reset.connect(this._onReset, this);
    feed.liveChanged.connect(this._onLive, this);
  }

  /** The open chat; null until the panel is first shown. */
  get chat(): MandrakeChat | null {
    return this._chat;
  }
  get view(): 'chat' | 'chats' {
    return this._view;
  }
  get query(): string {
    return this._query;
  }
  /** The chats of the project; null until they were fetched. */
  get sessions(): readonly ISession[] | null {
    return this._sessions;
  }
  get failure(): string | null {
    return this._failure;
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
    if (this._chat && !this._chat.session && this._chat.entries.length === 0) {
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
    let session = this._sessions?.find(({ id }) => id === sessionId);
    try {
      session ??= await this._find(sessionId);
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

  show(view: 'chat' | 'chats'): void {
    this._view = view;
    this._query = view === 'chat' ? '' : this._query;
    this._changed.emit();
    if (view === 'chats') {
      void this.refreshChats();
    }
  }

  search(query: string): void {
    this._query = query;
    if (query && this._view !== 'chats') {
      this.show('chats');
    } else {
      this._changed.emit();
    }
  }

  async refreshChats(): Promise<void> {
    const { api, project, trans } = this._options.mandrake;
    try {
      this._sessions = await api.sessions(project.workspace);
      this._failure = null;
    } catch (error) {
      this._failure = errorBodyOf(trans, error).message;
    }
    this._changed.emit();
  }

  async rename(session: ISession, name: string): Promise<void> {
    if (this._chat?.session?.id === session.id) {
      await this._chat.rename(name);
    } else {
      await this._options.mandrake.api.updateSession(session.workspace_id, session.id, { name });
    }
    await this.refreshChats();
  }

  async remove(session: ISession): Promise<void> {
    await this._options.mandrake.api.deleteSession(session.workspace_id, session.id);
    if (this._chat?.session?.id === session.id) {
      const view = this._view;
      this._put(null);
      this.show(view);
    }
    await this.refreshChats();
  }

  /** Look at once for what happened while nobody looked. */
  wake(): void {
    void this._poll.refresh();
  }

  dispose(): void {
    this._poll.dispose();
    this._chat?.dispose();
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

  private async _find(sessionId: string): Promise<ISession> {
    const { api, project } = this._options.mandrake;
    try {
      return await api.session(project.workspace, sessionId);
    } catch (error) {
      // A notebook's chat may belong to another project.
      const other = error instanceof WireError ? (await api.allSessions()).find(({ id }) => id === sessionId) : null;
      if (!other) {
        throw error;
      }
      return other;
    }
  }

  private _put(session: ISession | null): void {
    this._chat?.dispose();
    const chat = this._options.createChat(session);
    this._chat = chat;
    chat.sessionChanged.connect((_, now) => {
      this._options.remember(now.id);
      this._changed.emit();
      if (now.execution_state === 'idle') {
        void this._options.mandrake.project.refresh();
      }
    });
    this._options.remember(session?.id ?? null);
    this.show('chat');
    void chat.load();
  }

  /** Only what is on screen: the rest is looked at when it is shown. */
  private _onEvent(_: IFeed, event: FeedEvent): void {
    if (!this._started || !this._options.isVisible()) {
      return;
    }
    const { kind, id } = concerns(event);
    if (kind === 'session' && (this._view === 'chats' || id === this._chat?.session?.id)) {
      this._look.run().catch(() => this.wake());
    } else if (changesProject(event)) {
      void this._options.mandrake.project.refresh();
    }
  }

  private _onReset(): void {
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
    await (this._view === 'chats' ? this.refreshChats() : this._chat?.catchUp());
  }

  private readonly _look = new Single(() => this._tick());

  private _started: Promise<void> | null = null;
  /** Counts the chats that were asked for: only the last one is shown. */
  private _wanted = 0;
  private _chat: MandrakeChat | null = null;
  private _view: 'chat' | 'chats' = 'chat';
  private _query = '';
  private _sessions: ISession[] | null = null;
  private _failure: string | null = null;
  private readonly _poll: Poll;
  private readonly _changed = new Signal<this, void>(this);
}

/** What the header counts and the input offers: MCP servers that came, went, failed or no longer do. */
function changesProject(event: FeedEvent): boolean {
  if (event.type === 'moved') {
    return event.kind === 'mcp_server' && (event.old === 'failed' || event.new === 'failed');
  }
  return event.type === 'changed' && event.kind === 'mcp_server' && event.what !== 'changed';
}
