/**
 * Coalesces updates of a view: the first at once, later ones at a distance that follows what drawing costs.
 * The clock and the timer are given, so that tests need no waiting.
 */

export interface IClock {
  now(): number;
  /** Run `action` after so many milliseconds; the answer undoes it. */
  after(milliseconds: number, action: () => void): () => void;
  /** Run `action` when what was just changed has been drawn. */
  drawn(action: () => void): void;
}

/** Milliseconds. */
const SHORTEST = 50;
const LONGEST = 1000;
/** A frame's worth of cost is free. */
const FRAME = 16;

export class AdaptiveFlush {
  /** @param flush draws what has gathered; called never more often than every 50 ms, save for `now` */
  constructor(
    private readonly _flush: () => void,
    private readonly _clock: IClock
  ) {}

  /** Milliseconds to the next flush, as things stand. */
  get gap(): number {
    return this._gap;
  }

  /** Something changed: it will be drawn soon. */
  request(): void {
    if (this._undo) {
      return;
    }
    const wait = this._last + this._gap - this._clock.now();
    if (wait <= 0) {
      this.now();
    } else {
      this._undo = this._clock.after(wait, () => this.now());
    }
  }

  /** Draw at once: at a tool call, at the end, on stop. */
  now(): void {
    this.dispose();
    const start = this._clock.now();
    this._last = start;
    this._flush();
    this._clock.drawn(() => {
      const cost = this._clock.now() - start - FRAME;
      this._gap = Math.min(LONGEST, Math.max(SHORTEST, 0.7 * this._gap + 0.3 * 4 * cost));
    });
  }

  /** Forget what was asked for. */
  dispose(): void {
    this._undo?.();
    this._undo = null;
  }

  private _gap = SHORTEST;
  private _last = -Infinity;
  private _undo: (() => void) | null = null;
}

/** The browser's clock. */
export const browserClock: IClock = {
  now: () => performance.now(),
  after: (milliseconds, action) => {
    const id = setTimeout(action, milliseconds);
    return () => clearTimeout(id);
  },
  drawn: action => {
    requestAnimationFrame(() => setTimeout(action, 0));
  }
};
