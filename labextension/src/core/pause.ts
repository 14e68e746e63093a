/** A wait that can be cut short: what stands between two attempts. */
export class Pause {
  /** Resolves after so many milliseconds, or when `end` is called. One at a time. */
  wait(milliseconds: number): Promise<void> {
    return new Promise<void>(resolve => {
      const timer = setTimeout(() => this.end(), milliseconds);
      this._end = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  end(): void {
    this._end?.();
    this._end = null;
  }

  private _end: (() => void) | null = null;
}
