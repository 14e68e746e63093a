/** While another Jupyter server is at work on a chat nobody tells what happens there: look now and then. */
import { Poll } from '@lumino/polling';

/** Milliseconds between two looks. */
const INTERVAL = 3000;

export class Elsewhere {
  constructor(look: () => Promise<void>) {
    this._poll = new Poll({
      name: 'mandrake-jupyter:elsewhere',
      auto: false,
      factory: look,
      frequency: { interval: INTERVAL, backoff: false },
      standby: 'when-hidden'
    });
  }

  /** Look on, or stop looking. */
  follow(on: boolean): void {
    if (on !== this._on && !this._poll.isDisposed) {
      this._on = on;
      void (on ? this._poll.start() : this._poll.stop());
    }
  }

  dispose(): void {
    this._poll.dispose();
  }

  private _on = false;
  private readonly _poll: Poll;
}
