/** One piece of work, never twice at a time: asked for while it is done, it is done once more, after. */
export class Single {
  constructor(private readonly _work: () => Promise<void>) {}

  /** Resolves or rejects with the work that begins now or next, so that what was asked for is in it. */
  run(): Promise<void> {
    if (this._running) {
      this._again ??= this._running.catch(() => undefined).then(() => {
        this._again = null;
        return this.run();
      });
      return this._again;
    }
    this._running = this._work().finally(() => {
      this._running = null;
    });
    return this._running;
  }

  private _running: Promise<void> | null = null;
  private _again: Promise<void> | null = null;
}
