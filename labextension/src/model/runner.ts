/**
 * Reads runs into the column of a chat, one at a time, and cancels them. The only place that opens a stream.
 */
import { isConnectionLoss, MandrakeApi, WireError } from '../api';
import { Column, IEntry, isOpen, openAnswer } from '../core/entries';
import { Follower, IConnection } from '../core/follow';
import { isTerminal, reduce } from '../core/reducer';
import { AdaptiveFlush, browserClock } from '../core/throttle';
import { ITrans } from '../core/trans';
import { IErrorBody, IMessage, RunEvent } from '../core/wire';
import { errorBodyOf } from './words';

export interface IRunnerHooks {
  /** The column or the connection changed. */
  changed(): void;
  /** An event was counted into `message`. */
  heard(event: RunEvent, message: IMessage): void;
  /** A run ended, or could not be read further. */
  ended(): void;
  /** Something that was asked for failed, beside the column. */
  failed(error: unknown): void;
}

type Post = (signal: AbortSignal, answered: () => void) => AsyncIterable<RunEvent>;

export class Runner {
  constructor(
    private readonly _trans: ITrans,
    private readonly _api: MandrakeApi,
    private readonly _workspace: string,
    private readonly _column: Column,
    private readonly _hooks: IRunnerHooks
  ) {}

  /** The key of the answer that is read, or about to be. */
  get live(): string | null {
    return this._key;
  }
  get connection(): IConnection {
    return this._connection;
  }
  /** The answer at work; null when nothing is. */
  get answering(): IEntry | null {
    return this._column.find(entry => entry.key === this._key) ?? openAnswer(this._column.entries);
  }

  /** Say that the answer `key` is about to be read, so that what is sent meanwhile is queued. */
  claim(key: string): void {
    this._key = key;
  }

  /** Take back the claim of `key`, unless it is read by now or another is. */
  release(key: string): void {
    if (this._key === key && !this._follower) {
      this._key = null;
    }
  }

  /** Follow the first run that is at work at the server, unless one is read already. */
  next(): void {
    const next = openAnswer(this._column.entries);
    if (next && !this._key && !this._disposed) {
      this.read(next.key, null, null).catch(error => this._fail(next.key, errorBodyOf(this._trans, error)));
    }
  }

  /**
   * Read a run into the entry `key`. `post` opens it, until its id is known; then its events are asked for.
   * Resolves when the run has ended, also by an error event; rejects when the server refused.
   */
  async read(key: string, ownKey: string | null, post: Post | null): Promise<void> {
    this._key = key;
    const follower = new Follower({
      open: (signal, answered) => {
        const { message } = this._column.get(key);
        return message.run_id || !post
          ? this._api.events(this._workspace, message.session_id, message.run_id, message.seq ?? 0, signal, answered)
          : post(signal, answered);
      },
      onEvent: event => this._onEvent(key, ownKey, event),
      onConnection: state => {
        this._connection = state;
        this._hooks.changed();
      },
      isLoss
    });
    this._follower = follower;
    try {
      await follower.run();
    } catch (error) {
      if (!this._column.get(key).message.run_id) {
        throw error;
      }
      this._fail(key, errorBodyOf(this._trans, error));
    } finally {
      this._follower = null;
      this._key = null;
      this._flush.dispose();
      if (!this._disposed) {
        this._hooks.changed();
        this._hooks.ended();
      }
    }
  }

  /** End the answer at work; what arrived is kept. */
  stop(): void {
    const live = this.answering;
    if (live && !live.stopping) {
      this._column.patch(live.key, { stopping: true });
      this._hooks.changed();
      this._cancel();
    }
  }

  tryNow(): void {
    this._follower?.tryNow();
  }

  dispose(): void {
    this._disposed = true;
    this._follower?.close();
    this._flush.dispose();
  }

  private _onEvent(key: string, ownKey: string | null, event: RunEvent): void {
    const entry = this._column.get(key);
    const message = reduce({ ...entry.message, run_id: event.run_id ?? entry.message.run_id }, event);
    if (event.type === 'start') {
      this._name(ownKey, event);
      this._column.patch(key, {
        startedAt: entry.startedAt ?? Date.now(),
        message: { ...message, session_id: event.session_id }
      });
      this._column.only(key);
    } else if (isTerminal(event)) {
      this._column.patch(key, { message, endedAt: Date.now(), stopping: false });
    } else {
      this._column.patch(key, { message });
    }
    this._hooks.heard(event, message);
    if (event.type === 'token' || event.type === 'reasoning' || event.type === 'usage') {
      this._flush.request();
    } else {
      this._flush.now();
    }
    this._cancel();
  }

  /** The question of this run has an id now, and no longer waits. */
  private _name(ownKey: string | null, event: Extract<RunEvent, { type: 'start' }>): void {
    const asked = this._column.find(
      ({ key, message }) => key === ownKey || (message.role === 'user' && message.run_id === event.run_id)
    );
    if (asked) {
      const { message } = asked;
      this._column.patch(asked.key, {
        message: { ...message, id: event.user_message_id, run_id: event.run_id ?? message.run_id, status: 'complete' }
      });
      this._column.only(asked.key);
    }
  }

  /** A stop may be asked for before the run has an id: then it is sent as soon as it has. */
  private _cancel(): void {
    const live = this.answering;
    const run = live?.message.run_id;
    if (!live?.stopping || !run || this._cancelling.has(run)) {
      return;
    }
    this._cancelling.add(run);
    this._api.cancel(this._workspace, live.message.session_id, run).catch(error => {
      this._cancelling.delete(run);
      this._column.patch(live.key, { stopping: false });
      this._hooks.failed(error);
    });
  }

  private _fail(key: string, error: IErrorBody): void {
    const { message } = this._column.get(key);
    if (isOpen(message)) {
      this._column.patch(key, { message: { ...message, status: 'failed', error }, stopping: false });
      this._hooks.changed();
    }
  }

  private _key: string | null = null;
  private _follower: Follower | null = null;
  private _connection: IConnection = { lost: false, retryAt: null };
  private _disposed = false;
  private readonly _cancelling = new Set<string>();
  private readonly _flush = new AdaptiveFlush(() => this._hooks.changed(), browserClock);
}

/** A gateway that answers for a Jupyter that is not there is a loss, too. */
function isLoss(error: unknown): boolean {
  const gateway = error instanceof WireError && [502, 503, 504].includes(error.status);
  return isConnectionLoss(error) || (gateway && error.body.code.startsWith('http_'));
}
