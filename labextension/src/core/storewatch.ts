/**
 * Whether chats can be stored: looked at now and then, at once when something was refused for it, and often while they
 * can't, so that the trouble goes from the screen by itself when it is over. Knows nothing of requests.
 */
import { After } from './search';
import { Single } from './single';
import { IErrorBody, IFinding, IReadiness } from './wire';

export interface ITrouble {
  /** As `health/ready` calls it. */
  code: string;
  message: string;
  /** What helps. */
  remedy: string;
}

export interface IStoreWatchOptions {
  ask(): Promise<IReadiness>;
  /** Whether anyone can see what is found. */
  isVisible(): boolean;
  changed(): void;
  after: After;
}

/** Milliseconds between two looks: while all is well, and while it is not. */
export const WELL = 60_000;
export const ILL = 5_000;

/** A refusal is called otherwise than what is found. */
const CALLED: Record<string, string> = { store_read_only: 'store_not_writable', store_unavailable: 'store_unreadable' };

export class StoreWatch {
  constructor(private readonly _options: IStoreWatchOptions) {}

  /** Null while chats can be stored, as far as is known. */
  get trouble(): ITrouble | null {
    return this._trouble;
  }

  /** Look now. Never rejects. */
  look(): Promise<void> {
    this._stop?.();
    this._stop = null;
    return this._looks.run();
  }

  /** Something was refused: where the store is the reason, it is said at once, and looked at. */
  refused({ code, message, then }: IErrorBody): void {
    if (code.startsWith('store_')) {
      this._put({ code: CALLED[code] ?? code, message, remedy: then });
      void this.look();
    }
  }

  /** An answer ended with this code. */
  ended(code: string | null): void {
    if (code?.startsWith('store_')) {
      void this.look();
    }
  }

  dispose(): void {
    this._disposed = true;
    this._stop?.();
  }

  private async _look(): Promise<void> {
    if (this._disposed) {
      return;
    }
    if (this._options.isVisible()) {
      try {
        this._take((await this._options.ask()).findings.find(isStore) ?? null);
      } catch {
        // Out of reach, or not for this user to ask: what was refused is not known to be over, nor to last.
        this._blind += 1;
        if (this._blind > 2) {
          this._put(null);
        }
      }
    }
    if (!this._disposed && !this._stop) {
      this._stop = this._options.after(this._trouble || this._doubt ? ILL : WELL, () => void this.look());
    }
  }

  private _take(found: IFinding | null): void {
    this._blind = 0;
    // A long write of another Jupyter server looks like a lock: only what lasts, or was in somebody's way, is said.
    const passing = found?.code === 'store_locked' && !this._trouble && !this._doubt;
    this._doubt = passing;
    this._put(found && !passing ? { code: found.code, message: found.message, remedy: found.remedy } : null);
  }

  private _put(trouble: ITrouble | null): void {
    const before = this._trouble;
    this._trouble = trouble;
    if (before?.code !== trouble?.code || before?.message !== trouble?.message) {
      this._options.changed();
    }
  }

  private _trouble: ITrouble | null = null;
  private _doubt = false;
  /** Looks in a row that told nothing. */
  private _blind = 0;
  private _disposed = false;
  private _stop: (() => void) | null = null;
  private readonly _looks = new Single(() => this._look());
}

function isStore(finding: IFinding): boolean {
  return finding.level === 'error' && finding.code.startsWith('store_');
}
