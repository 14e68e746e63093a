/**
 * Reads the stream of what happens at the server, over as many connections as it takes: after a loss it asks for what
 * came after the last event, and says when that is not known any more. Knows nothing of requests: it is given the way
 * to open a stream.
 */
import { Pause } from './pause';
import { FeedEvent, FeedLine, IFeedHello, ResourceKind } from './wire';

export interface IFeedOptions {
  /** Open the stream after `seq`; null the first time. */
  open(seq: number | null, signal: AbortSignal): AsyncIterable<FeedLine>;
  onEvent(event: FeedEvent): void;
  /** The server answered. `reset`: what happened before is not known, so that lists must be loaded anew. */
  onHello(hello: IFeedHello, reset: boolean): void;
  /** The connection ended, or none could be made. */
  onLost(): void;
  /** Milliseconds that the server asks to wait after such an error; null when it says nothing of it. */
  askedToWait?(error: unknown): number | null;
  now?(): number;
  /** Milliseconds before each further attempt; the last one repeats. */
  delays?: readonly number[];
}

const DELAYS = [500, 1000, 2000, 5000, 10_000, 30_000, 60_000];
/** Milliseconds after which a connection counts as a good one: what follows it is tried soon again. */
const LASTING = 10_000;

export class FeedReader {
  constructor(private readonly _options: IFeedOptions) {}

  /** Read from here on; does nothing while it reads. */
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
    this._pause.end();
  }

  private async _read(signal: AbortSignal): Promise<void> {
    const { delays = DELAYS } = this._options;
    let attempt = 0;
    while (!signal.aborted) {
      const began = this._now();
      let asked: number | null = null;
      try {
        for await (const line of this._options.open(this._seq, signal)) {
          if (signal.aborted) {
            return;
          }
          this._take(line);
        }
      } catch (error) {
        asked = this._options.askedToWait?.(error) ?? null;
      }
      if (signal.aborted) {
        return;
      }
      this._options.onLost();
      attempt = this._now() - began > LASTING ? 0 : attempt;
      const delay = delays[Math.min(attempt++, delays.length - 1)];
      this._pause = new Pause();
      await this._pause.wait(Math.max(delay, asked ?? 0));
    }
  }

  private _take(line: FeedLine): void {
    if (line.type === 'hello') {
      const reset = line.reset || line.instance !== this._instance;
      this._instance = line.instance;
      // What lies between is either sent next or, after a reset, no longer wanted.
      this._seq = reset || this._seq === null ? line.seq : this._seq;
      this._options.onHello(line, reset);
    } else {
      this._seq = line.seq;
      this._options.onEvent(line);
    }
  }

  private _now(): number {
    return this._options.now?.() ?? Date.now();
  }

  private _seq: number | null = null;
  private _instance: string | null = null;
  private _abort: AbortController | null = null;
  private _pause = new Pause();
}

/** Whose description may be another one after `event`: the kind, and its id where only that one is concerned. */
export function concerns(event: FeedEvent): { kind: ResourceKind; workspace: string; id: string } {
  const workspace = event.workspace_id;
  switch (event.type) {
    case 'run':
    case 'run_ended':
      return { kind: 'session', workspace, id: event.session_id };
    case 'tool_called':
      return { kind: 'mcp_server', workspace, id: event.server };
    default:
      return { kind: event.kind, workspace, id: event.id };
  }
}

/** Whether it changes what is known of the project beside its chats: MCP servers that came, went, failed or no longer do. */
export function changesProject(event: FeedEvent): boolean {
  if (event.type === 'moved') {
    return event.kind === 'mcp_server' && (event.old === 'failed' || event.new === 'failed');
  }
  return event.type === 'changed' && event.kind === 'mcp_server' && event.what !== 'changed';
}
