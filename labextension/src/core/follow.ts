/**
 * Follows one run to its end, over as many connections as it takes: reads events, and after a loss asks again for
 * what came after the last one. Knows nothing of requests: it is given the way to open a stream.
 */
import { Pause } from './pause';
import { isTerminal } from './reducer';
import { RunEvent } from './wire';

export interface IConnection {
  /** The loss has lasted long enough to be worth a word. */
  lost: boolean;
  /** When the next attempt is made (`Date.now()` milliseconds); null while connected or trying. */
  retryAt: number | null;
}

export interface IFollowOptions {
  /** Open the stream after what has been seen; called again after each loss. It says when the server has answered. */
  open(signal: AbortSignal, answered: () => void): AsyncIterable<RunEvent>;
  onEvent(event: RunEvent): void;
  onConnection(state: IConnection): void;
  /** Whether an error means "try again" rather than "no". */
  isLoss(error: unknown): boolean;
  now?(): number;
  /** Milliseconds before each further attempt; the last one repeats. */
  delays?: readonly number[];
  /** Milliseconds for which a loss is not told of. */
  quiet?: number;
}

const DELAYS = [300, 700, 1000, 2000, 4000, 8000, 15000];
/** A loss of a moment is nobody's business. */
const QUIET = 2000;

export class Follower {
  constructor(private readonly _options: IFollowOptions) {}

  /** Resolves after the terminal event or after `close`; rejects with what is no loss. Call once. */
  async run(): Promise<void> {
    const { onConnection, isLoss, delays = DELAYS, quiet = QUIET } = this._options;
    let lostAt: number | null = null;
    let attempt = 0;
    const answered = () => {
      if (lostAt !== null) {
        lostAt = null;
        onConnection({ lost: false, retryAt: null });
      }
    };
    while (!this._abort.signal.aborted) {
      try {
        for await (const event of this._options.open(this._abort.signal, answered)) {
          answered();
          attempt = 0;
          this._options.onEvent(event);
          if (isTerminal(event)) {
            return;
          }
        }
      } catch (error) {
        if (this._abort.signal.aborted) {
          return;
        }
        if (!isLoss(error)) {
          onConnection({ lost: false, retryAt: null });
          throw error;
        }
      }
      if (this._abort.signal.aborted) {
        return;
      }
      // Ended without a terminal event, or lost.
      const now = this._now();
      lostAt ??= now;
      const delay = delays[Math.min(attempt++, delays.length - 1)];
      await this._wait(delay, now + delay, Math.max(0, lostAt + quiet - now));
      onConnection({ lost: this._now() - lostAt >= quiet, retryAt: null });
    }
  }

  /** Until the next attempt; the loss is told of once it has been `unsaid` milliseconds longer. */
  private async _wait(delay: number, retryAt: number, unsaid: number): Promise<void> {
    const { onConnection } = this._options;
    onConnection({ lost: unsaid === 0, retryAt });
    if (unsaid === 0 || unsaid >= delay) {
      await this._pause.wait(delay);
    } else if (await this._pause.wait(unsaid)) {
      onConnection({ lost: true, retryAt });
      await this._pause.wait(delay - unsaid);
    }
  }

  /** Make the next attempt at once. */
  tryNow(): void {
    this._pause.end();
  }

  /** Stop reading. The run itself goes on. */
  close(): void {
    this._abort.abort();
    this._pause.end();
  }

  private _now(): number {
    return this._options.now?.() ?? Date.now();
  }

  private readonly _abort = new AbortController();
  private readonly _pause = new Pause();
}
