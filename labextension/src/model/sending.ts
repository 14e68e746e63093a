/**
 * Messages on their way to the server: new ones, edited ones, answers asked for anew; and what is taken back or deleted.
 * Changes the column when the server has them; what it refuses stays as it was.
 */
import { UUID } from '@lumino/coreutils';
import { ISignal, Signal } from '@lumino/signaling';

import { MandrakeApi, WireError } from '../api';
import { Column, entryOf, IEntry, ownMessage, questionOf, textOf } from '../core/entries';
import { blankAnswer } from '../core/reducer';
import { withReplaced } from '../core/revise';
import { ITrans } from '../core/trans';
import { IDeletedMessage, KEPT_SECONDS } from '../core/undo';
import { IAttachment, IRun, ISession } from '../core/wire';
import { Runner } from './runner';
import { errorBodyOf } from './words';

export interface ISendingHooks {
  /** The session as it is known; null before the first message. */
  session(): ISession | null;
  /** The session, made if need be. */
  ensure(): Promise<ISession>;
  /** The path of the notebook the user looks at. */
  notebook(): string | null;
  /** The column changed. */
  changed(): void;
  /** Something was handed over: the reader wants to see what becomes of it. */
  sent(): void;
}

export class Sending {
  constructor(
    private readonly _trans: ITrans,
    private readonly _api: MandrakeApi,
    private readonly _workspace: string,
    private readonly _column: Column,
    private readonly _runner: Runner,
    private readonly _hooks: ISendingHooks
  ) {}

  /** Send `content`; while an answer is at work it is queued. Never rejects: a failure stands in the entry. */
  async send(content: string, attachments: IAttachment[]): Promise<void> {
    const queued = this._runner.answering !== null;
    const key = UUID.uuid4();
    const known = this._hooks.session()?.id ?? '';
    let own = entryOf(ownMessage(known, `own-${key}`, content, attachments, queued));
    const blank = blankAnswer(known, '', `answer-${key}`, new Date().toISOString());
    this._column.add(own);
    if (!queued) {
      this._column.add(entryOf(blank, { startedAt: Date.now() }));
      this._runner.claim(blank.id);
    }
    this._hooks.changed();
    this._hooks.sent();
    const body = { content, attachments, notebook: this._hooks.notebook() ?? undefined };
    try {
      const session = await this._hooks.ensure();
      own = { ...own, message: { ...own.message, session_id: session.id } };
      this._column.patch(own.key, { message: own.message });
      if (!queued) {
        await this._runner.read(blank.id, own.key, (signal, answered) =>
          this._api.postMessage(this._workspace, session.id, body, key, signal, answered)
        );
        return;
      }
      const run = await this._api.queueMessage(this._workspace, session.id, body, key);
      this._column.patch(own.key, { message: { ...own.message, run_id: run.id } });
      this._column.only(own.key);
      if (!this._column.find(({ message }) => message.role === 'assistant' && message.run_id === run.id)) {
        const answer = { ...blank, session_id: session.id, run_id: run.id, id: run.message_id, status: 'queued' as const };
        this._column.insertAfter(own.key, entryOf(answer));
      }
      this._hooks.changed();
      this._runner.next();
    } catch (error) {
      this._column.remove(entry => entry.key === blank.id);
      this._column.patch(own.key, { failure: errorBodyOf(this._trans, error), message: { ...own.message, status: 'failed' } });
      this._runner.release(blank.id);
      this._hooks.changed();
    }
  }

  /** Send the question of `entry` once more: in the place of the answer it had, or of what could not be handed over. */
  async again(entry: IEntry): Promise<void> {
    const asked = questionOf(this._column.entries, entry);
    if (!asked) {
      return;
    }
    if (asked.message.run_id) {
      await this._replace(entry, null);
    } else {
      await this._anew(asked, textOf(asked.message));
    }
  }

  /** Send `content` in the place of the message `entry`, with its attachments; what follows is replaced. Rejects when refused. */
  async edit(entry: IEntry, content: string): Promise<void> {
    await (entry.message.run_id ? this._replace(entry, content) : this._anew(entry, content));
  }

  /** Send the question of the answer `entry` once more, without its images. */
  async withoutImages(entry: IEntry): Promise<void> {
    const asked = questionOf(this._column.entries, entry);
    if (asked) {
      const others = asked.message.attachments.filter(({ type }) => type !== 'image');
      await this._replace(asked, textOf(asked.message), others);
    }
  }

  /** Take a queued message back. */
  async removeQueued(entry: IEntry): Promise<void> {
    const { run_id: run, session_id: session } = entry.message;
    if (run) {
      await this._api.cancel(this._workspace, session, run);
      this._drop(run);
    }
  }

  /** A message was deleted with its answer: for a while it can be brought back. */
  get removed(): ISignal<this, IDeletedMessage> {
    return this._removed;
  }

  /** Delete a message with its answer; one that the server never had is just forgotten. */
  async remove(entry: IEntry): Promise<void> {
    const { id, run_id: run, session_id: session } = entry.message;
    if (!run) {
      this._column.remove(({ key }) => key === entry.key);
      this._hooks.changed();
      return;
    }
    try {
      await this._api.removeMessage(this._workspace, session, id, KEPT_SECONDS);
      this._removed.emit({ id, text: textOf(entry.message).slice(0, 200) });
    } catch (error) {
      if (!(error instanceof WireError && error.body.code === 'message_not_found')) {
        throw error;
      }
    }
    this._drop(run);
  }

  /** What the server never had is sent as if it were new. */
  private async _anew(entry: IEntry, content: string): Promise<void> {
    this._column.remove(({ key }) => key === entry.key);
    await this.send(content, entry.message.attachments);
  }

  /** `attachments` left out are those that the message has. */
  private async _replace(entry: IEntry, content: string | null, attachments?: IAttachment[]): Promise<void> {
    const { id, session_id: session } = entry.message;
    // The same words once more are the same request: its answer may have been lost on the way.
    const same = JSON.stringify([id, content, attachments]);
    const key = this._keys.get(same) ?? UUID.uuid4();
    this._keys.set(same, key);
    const body = { replaces: id, content: content ?? undefined, attachments, notebook: this._hooks.notebook() ?? undefined };
    const run: IRun = await this._api.queueMessage(this._workspace, session, body, key);
    this._keys.delete(same);
    if (this._column.find(other => other.key === entry.key)) {
      this._column.entries = withReplaced(this._column.entries, entry, run, content, attachments);
    }
    this._hooks.changed();
    this._hooks.sent();
    this._runner.next();
  }

  private _drop(run: string): void {
    this._column.remove(({ message }) => message.run_id === run);
    this._hooks.changed();
  }

  private readonly _keys = new Map<string, string>();
  private readonly _removed = new Signal<this, IDeletedMessage>(this);
}
