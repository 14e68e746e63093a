/**
 * One chat: what was said, what is being answered, what waits. Has state and signals, no DOM.
 * Reads at most one long-lived stream at a time; queued messages are handed over without one.
 */
import { AbstractChatModel, IChatContext, IChatModel, INewMessage } from '@jupyter/chat';
import { ISignal, Signal } from '@lumino/signaling';

import { MandrakeApi, WireError } from '../api';
import { Column, IEntry, isOpen } from '../core/entries';
import { IConnection } from '../core/follow';
import { entriesOf, isOver } from '../core/merge';
import { IAttachment, IErrorBody, ISession } from '../core/wire';
import { IMandrake } from '../tokens';
import { fromPackage } from './attachments';
import { ChatContext } from './chatcontext';
import { Decisions } from './decisions';
import { ImageDrafts, ImageUrls } from './images';
import { Runner } from './runner';
import { Sending } from './sending';
import { refused } from './slash';
import { announcement, elsewhereWords, errorBodyOf } from './words';

export interface IChatOptions extends IChatModel.IOptions {
  mandrake: IMandrake;
  /** Null for a chat that the server does not know yet; it is made with the first message. */
  session: ISession | null;
  /** The path of the notebook the user looks at. */
  notebook(): string | null;
}

export class MandrakeChat extends AbstractChatModel {
  constructor(private readonly _options: IChatOptions) {
    super({ ..._options, config: { ..._options.config, sendTypingNotification: false } });
    const { api, project, trans } = _options.mandrake;
    [this._api, this._session] = [api, _options.session];
    this.name = _options.session?.name ?? '';
    this._workspace = _options.session?.workspace_id ?? project.workspace;
    this.decisions = new Decisions(trans, api, this._workspace, () => this._changed.emit());
    this._runner = new Runner(trans, api, this._workspace, this._column, {
      changed: () => this._changed.emit(),
      heard: (event, message) => {
        this.decisions.heard(event);
        this.say(announcement(event, message, trans));
      },
      ended: () => {
        this._runner.next();
        void this.load().then(() => this._again());
      },
      failed: error => {
        this.say(errorBodyOf(trans, error).message);
        this._failed.emit(error);
        this._changed.emit();
      }
    });
    this.sending = new Sending(trans, api, this._workspace, this._column, this._runner, {
      session: () => this._session,
      ensure: () => this._ensureSession(),
      notebook: () => _options.notebook(),
      changed: () => this._changed.emit(),
      sent: () => this._sent.emit()
    });
    this.images = new ImageUrls(api, this._workspace);
    this.drafts = new ImageDrafts(trans, this.input, this.images);
    window.addEventListener('online', this._onOnline);
    this.setReady();
  }

  readonly decisions: Decisions;
  readonly sending: Sending;
  readonly images: ImageUrls;
  readonly drafts: ImageDrafts;

  get session(): ISession | null {
    return this._session;
  }
  get entries(): readonly IEntry[] {
    return this._column.entries;
  }
  /** The answer at work here; null when nothing is. */
  get answering(): IEntry | null {
    return this.elsewhere ? null : this._runner.answering;
  }
  /** Another Jupyter server is at work on it: it can be read here, no more. */
  get elsewhere(): boolean {
    return this._session?.active_run?.elsewhere === true;
  }
  get connection(): IConnection {
    return this._runner.connection;
  }
  /** Why the messages could not be loaded. */
  get loadFailure(): IErrorBody | null {
    return this._loadFailure;
  }
  get loaded(): boolean {
    return this._loaded;
  }
  /** Entries, connection or decisions changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }
  /** The server's view of the session changed: it was made, named, or its run ended. */
  get sessionChanged(): ISignal<this, ISession> {
    return this._sessionChanged;
  }
  /** Sentences for the live region. */
  get announced(): ISignal<this, string> {
    return this._announced;
  }
  /** Something that was asked for failed, and no entry says so. */
  get failed(): ISignal<this, unknown> {
    return this._failed;
  }
  /** The user sent something: the column goes to its end. */
  get sent(): ISignal<this, void> {
    return this._sent;
  }

  /** Read the chat from the server, and follow what is at work there. Never rejects; of several the last one counts. */
  async load(): Promise<void> {
    const turn = ++this._loads;
    if (this._session) {
      const { id } = this._session;
      const before = new Set(this.entries.map(entry => entry.key));
      try {
        const [session, messages] = await Promise.all([
          this._api.session(this._workspace, id),
          this._api.messages(this._workspace, id)
        ]);
        if (this.isDisposed || turn !== this._loads) {
          return;
        }
        this._column.entries = entriesOf(messages, session, { known: this.entries, live: this._runner.live, before });
        this._loadFailure = null;
        this._activity = session.last_activity;
        this._putSession(session);
      } catch (error) {
        if (this.isDisposed || turn !== this._loads) {
          return;
        }
        // What is on the page says more than a card above it.
        this._loadFailure = this._loaded && !this._loadFailure && this.entries.length ? null : errorBodyOf(this._options.mandrake.trans, error);
      }
    }
    this._loaded = true;
    this._changed.emit();
    this._runner.next();
  }

  /** Load again if something happened in the chat that this page did not do. For a poll while the chat is idle. */
  async catchUp(): Promise<void> {
    const known = this._session;
    if (!known || !this._loaded || this._runner.answering) {
      return;
    }
    const session = await this._api.session(this._workspace, known.id);
    const { active_run: run } = session;
    const news = session.last_activity !== this._activity || (run && !isOver(this.entries, run.id));
    if (!this.answering && news) {
      await this.load();
    } else if (session.name !== known.name && this._session === known) {
      this._putSession(session);
    }
  }

  /** Something was changed in it, maybe by another page: to catch up is to load it, though nothing was said since. */
  doubt(): void {
    this._activity = null;
  }

  override async sendMessage(message: INewMessage): Promise<boolean> {
    const content = message.body.trim();
    const fault = refused(this.input, message.body, this.elsewhere ? elsewhereWords(this._options.mandrake.trans) : null);
    if (fault) {
      this._failed.emit(fault);
    }
    if (!content || fault) {
      return false;
    }
    const attachments = [...this.drafts.take(), ...this.input.attachments.flatMap(fromPackage)];
    this.input.clearAttachments();
    await this.send(content, attachments);
    return true;
  }

  /** Send `content`; while an answer is at work it is queued. Never rejects: a failure stands in the entry. */
  send(content: string, attachments: IAttachment[] = []): Promise<void> {
    return this.sending.send(content, attachments);
  }

  /** End the answer at work; what arrived is kept. */
  stop(): void {
    this._runner.stop();
  }

  tryNow(): void {
    this._runner.tryNow();
  }

  /** Ask the model at once which is to be asked later; that it was asked meanwhile is no failure. */
  async retryNow(entry: IEntry): Promise<void> {
    const { session_id: session, run_id: run } = entry.message;
    await this._api.retryNow(this._workspace, session, run).catch(error => {
      if (!(error instanceof WireError && error.status === 409)) {
        throw error;
      }
    });
  }

  async rename(name: string): Promise<void> {
    const session = await this._ensureSession();
    this._putSession(await this._api.updateSession(this._workspace, session.id, { name }));
  }

  /** Use another model from the next message on: for the project, and for this chat if it has its own. */
  async chooseModel(id: string): Promise<void> {
    const { project } = this._options.mandrake;
    project.putCatalogue(await this._api.setActiveModel(project.workspace, id));
    if (this._session?.model) {
      this._putSession(await this._api.updateSession(this._workspace, this._session.id, { model: id }));
    }
    const live = this.answering;
    if (live?.message.retry && live.message.model !== id) {
      // It waits for the model that was just left.
      this._askAgain = live.message.run_id;
      this.stop();
    }
  }

  override createChatContext(): IChatContext {
    return new ChatContext({ model: this });
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    window.removeEventListener('online', this._onOnline);
    this._runner.dispose();
    this.images.dispose();
    super.dispose();
    Signal.clearData(this);
  }

  /** Ask another model what the one that was left did not answer. */
  private _again(): void {
    const run = this._askAgain;
    this._askAgain = null;
    const entry = run && this._column.find(({ message }) => message.role === 'assistant' && message.run_id === run);
    if (entry && !isOpen(entry.message)) {
      this.sending.again(entry).catch(error => this._failed.emit(error));
    }
  }

  private async _ensureSession(): Promise<ISession> {
    if (!this._session) {
      this._making ??= this._api.createSession(this._workspace).finally(() => {
        this._making = null;
      });
      const made = await this._making;
      if (!this._session) {
        this._putSession(made);
      }
    }
    return this._session as ISession;
  }

  private _putSession(session: ISession): void {
    this._session = session;
    this.name = session.name;
    this._sessionChanged.emit(session);
  }

  /** Announce something to who can't see the panel. */
  say(words: string | null): void {
    if (words) {
      this._announced.emit(words);
    }
  }

  private readonly _onOnline = () => this.tryNow();

  private readonly _api: MandrakeApi;
  private readonly _workspace: string;
  private readonly _column = new Column();
  private readonly _runner: Runner;
  private _session: ISession | null;
  /** The run that was left for another model. */
  private _askAgain: string | null = null;
  private _making: Promise<ISession> | null = null;
  private _loaded = false;
  private _loads = 0;
  /** The chat's last activity when it was loaded. */
  private _activity: string | null = null;
  private _loadFailure: IErrorBody | null = null;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _sessionChanged = new Signal<this, ISession>(this);
  private readonly _announced = new Signal<this, string>(this);
  private readonly _failed = new Signal<this, unknown>(this);
  private readonly _sent = new Signal<this, void>(this);
}
