/**
 * Follows the log of an MCP server: one stream, resumed after the last line that was seen. While the page has more
 * important things to read it gives its connection up and looks now and then instead. Knows nothing of requests.
 */
import { Pause } from './pause';
import { ILogLine } from './wire';

export interface ILogTailOptions {
  /** The lines after `after`, else the last ones, then each as it comes. */
  follow(after: number | null, signal: AbortSignal): AsyncIterable<ILogLine>;
  /** The last lines there are. */
  look(signal: AbortSignal): Promise<ILogLine[]>;
  /** Further lines; `anew` when they do not continue those before. */
  onLines(lines: readonly ILogLine[], anew: boolean): void;
  /** Whether the connection is wanted elsewhere. */
  crowded(): boolean;
  /** Milliseconds before each further attempt; the last one repeats. */
  delays?: readonly number[];
  /** Milliseconds between two looks. */
  interval?: number;
}

const DELAYS = [300, 1000, 2000, 5000, 15_000];
const INTERVAL = 2000;

export class LogTail {
  constructor(private readonly _options: ILogTailOptions) {}

  /** Read from where it was left; does nothing while it reads. */
  wake(): void {
    if (this._abort === null) {
      this._abort = new AbortController();
      void this._read(this._abort.signal);
    }
  }

  /** End the connection, and remember how far it was read. */
  sleep(): void {
    this._abort?.abort();
    this._abort = null;
    this._hangUp();
  }

  /** What was read belongs to the past: begin again. */
  reset(): void {
    const awake = this._abort !== null;
    this.sleep();
    this._seq = null;
    if (awake) {
      this.wake();
    }
  }

  /** `crowded` may answer differently now. */
  recheck(): void {
    if (this._abort !== null && this._streaming === this._options.crowded()) {
      this._hangUp();
    }
  }

  private _hangUp(): void {
    this._turn?.abort();
    this._pause.end();
  }

  private async _read(signal: AbortSignal): Promise<void> {
    const { delays = DELAYS, interval = INTERVAL, crowded } = this._options;
    let attempt = 0;
    while (!signal.aborted) {
      const turn = (this._turn = new AbortController());
      const streaming = (this._streaming = !crowded());
      const pause = (this._pause = new Pause());
      let delay = interval;
      try {
        if (streaming) {
          for await (const line of this._options.follow(this._seq, turn.signal)) {
            if (turn.signal.aborted) {
              break;
            }
            this._take([line]);
            attempt = 0;
          }
        } else {
          const lines = await this._options.look(turn.signal);
          if (!turn.signal.aborted) {
            this._take(lines);
          }
        }
      } catch {
        // A log is asked for again, whatever was the matter; what is the matter with its MCP server is said by its row.
      }
      if (turn.signal.aborted) {
        continue; // Hung up on purpose: at once in the other way, or not at all.
      }
      if (streaming) {
        delay = delays[Math.min(attempt++, delays.length - 1)];
      }
      await pause.wait(delay);
    }
  }

  private _take(lines: readonly ILogLine[]): void {
    const last = lines[lines.length - 1];
    if (!last) {
      return;
    }
    const seen = this._seq;
    const anew = seen === null || last.seq < seen;
    const fresh = anew ? lines : lines.filter(line => line.seq > seen);
    this._seq = last.seq;
    if (fresh.length) {
      this._options.onLines(fresh, anew);
    }
  }

  private _seq: number | null = null;
  private _streaming = false;
  private _abort: AbortController | null = null;
  private _turn: AbortController | null = null;
  private _pause = new Pause();
}
