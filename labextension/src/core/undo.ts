/**
 * Chats and messages that were deleted a moment ago, and the way back. Each is offered for a while; who is about to take one
 * back is not hurried.
 */
import { After } from './search';
import { ISession } from './wire';

/** A message of the user with its answer. */
export interface IDeletedMessage {
  readonly id: string;
  readonly text: string;
}

export interface IDeleted {
  /** Of the message, or of the chat. */
  readonly id: string;
  readonly session: ISession;
  /** Null where the whole chat was deleted. */
  readonly message: IDeletedMessage | null;
  /** It was the one that is shown. */
  readonly open: boolean;
  readonly restoring: boolean;
  /** Why it could not be brought back, so far. */
  readonly failure: unknown;
}

export interface IUndoOptions {
  /** The chat as it is then. */
  restore(deleted: IDeleted): Promise<ISession>;
  /** It is back. */
  restored(session: ISession, deleted: IDeleted): void;
  changed(): void;
  after: After;
}

/** Milliseconds for which what was deleted can be brought back; the seconds that the server is asked to keep it are more. */
export const OFFERED = 10_000;
/** The same while the pointer or the focus is there. */
const HELD = 60_000;
export const KEPT_SECONDS = 120;

export class Undo {
  constructor(private readonly _options: IUndoOptions) {}

  get deleted(): readonly IDeleted[] {
    return this._deleted;
  }

  add(session: ISession, open: boolean, message: IDeletedMessage | null = null): void {
    const id = message?.id ?? session.id;
    this._deleted = [...this._deleted, { id, session, message, open, restoring: false, failure: null }];
    this._count(id);
    this._options.changed();
  }

  /** `on`: the pointer or the focus is there. */
  hold(on: boolean): void {
    if (on !== this._held) {
      this._held = on;
      this._deleted.forEach(({ id }) => this._count(id));
    }
  }

  /** Bring it back. Never rejects: a failure stands beside it. */
  async undo(id: string): Promise<void> {
    const found = this._deleted.find(one => one.id === id);
    if (!found || found.restoring) {
      return;
    }
    this._stop(id);
    this._patch(id, { restoring: true, failure: null });
    try {
      const session = await this._options.restore(found);
      this.forget(id);
      this._options.restored(session, found);
    } catch (failure) {
      this._patch(id, { restoring: false, failure });
      this._count(id);
    }
  }

  /** A chat that goes takes its messages along. */
  drop(session: string): void {
    this._deleted.filter(one => one.session.id === session && one.message).forEach(({ id }) => this.forget(id));
  }

  /** It is offered no more. */
  forget(id: string): void {
    this._stop(id);
    this._deleted = this._deleted.filter(one => one.id !== id);
    this._held &&= this._deleted.length > 0;
    this._options.changed();
  }

  dispose(): void {
    this._deleted.forEach(({ id }) => this._stop(id));
  }

  private _count(id: string): void {
    this._stop(id);
    const found = this._deleted.find(one => one.id === id);
    if (found && !found.restoring) {
      this._timers.set(id, this._options.after(this._held ? HELD : OFFERED, () => this.forget(id)));
    }
  }

  private _stop(id: string): void {
    this._timers.get(id)?.();
    this._timers.delete(id);
  }

  private _patch(id: string, patch: Partial<IDeleted>): void {
    this._deleted = this._deleted.map(one => (one.id === id ? { ...one, ...patch } : one));
    this._options.changed();
  }

  private _deleted: readonly IDeleted[] = [];
  private _held = false;
  private readonly _timers = new Map<string, () => void>();
}
