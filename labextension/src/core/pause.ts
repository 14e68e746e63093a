/** A wait that can be cut short: what stands between two attempts. */
export class Pause {
  /** Resolves after so many milliseconds, or when `end` is called; whether it was the whole time. One at a time. */
  wait(milliseconds: number): Promise<boolean> {
    return new Promise<boolean>(resolve => {
      const timer = setTimeout(() => {
        this._end = null;
        resolve(true);
      }, milliseconds);
      this._end = () => {
        clearTimeout(timer);
        resolve(false);
      };
    });
  }

  end(): void {
    this._end?.();
    this._end = null;
  }

  private _end: (() => void) | null = null;
}
