/**
 * Chats that were deleted a moment ago, and the way back. Each is offered for a while; who is about to take one back is
 * not hurried.
 */
import { After } from './search';
import { ISession } from './wire';

export interface IDeleted {
  readonly session: ISession;
  /** It was the one that is shown. */
  readonly open: boolean;
  readonly restoring: boolean;
  /** Why it could not be brought back, so far. */
  readonly failure: unknown;
}

export interface IUndoOptions {
  restore(session: ISession): Promise<ISession>;
  /** It is back. */
  restored(session: ISession, open: boolean): void;
  changed(): void;
  after: After;
}

/** Milliseconds for which a deleted chat can be brought back; the seconds that the server is asked to keep it are more. */
export const OFFERED = 10_000;
/** The same while the pointer or the focus is there. */
const HELD = 60_000;
export const KEPT_SECONDS = 120;

export class Undo {
  constructor(private readonly _options: IUndoOptions) {}

  get deleted(): readonly IDeleted[] {
    return this._deleted;
  }

  add(session: ISession, open: boolean): void {
    this._deleted = [...this._deleted, { session, open, restoring: false, failure: null }];
    this._count(session.id);
    this._options.changed();
  }

  /** `on`: the pointer or the focus is there. */
  hold(on: boolean): void {
    if (on !== this._held) {
      this._held = on;
      this._deleted.forEach(({ session }) => this._count(session.id));
    }
  }

  /** Bring it back. Never rejects: a failure stands beside it. */
  async undo(id: string): Promise<void> {
    const found = this._deleted.find(({ session }) => session.id === id);
    if (!found || found.restoring) {
      return;
    }
    this._stop(id);
    this._patch(id, { restoring: true, failure: null });
    try {
      const session = await this._options.restore(found.session);
      this.forget(id);
      this._options.restored(session, found.open);
    } catch (failure) {
      this._patch(id, { restoring: false, failure });
      this._count(id);
    }
  }

  /** It is offered no more. */
  forget(id: string): void {
    this._stop(id);
    this._deleted = this._deleted.filter(({ session }) => session.id !== id);
    this._held &&= this._deleted.length > 0;
    this._options.changed();
  }

  dispose(): void {
    this._deleted.forEach(({ session }) => this._stop(session.id));
  }

  private _count(id: string): void {
    this._stop(id);
    const found = this._deleted.find(({ session }) => session.id === id);
    if (found && !found.restoring) {
      this._timers.set(id, this._options.after(this._held ? HELD : OFFERED, () => this.forget(id)));
    }
  }

  private _stop(id: string): void {
    this._timers.get(id)?.();
    this._timers.delete(id);
  }

  private _patch(id: string, patch: Partial<IDeleted>): void {
    this._deleted = this._deleted.map(one => (one.session.id === id ? { ...one, ...patch } : one));
    this._options.changed();
  }

  private _deleted: readonly IDeleted[] = [];
  private _held = false;
  private readonly _timers = new Map<string, () => void>();
}
