/** The place in a chat that was asked for and is not shown yet: a message, to be scrolled to once the chat is drawn. */
import { ISignal, Signal } from '@lumino/signaling';

export interface IPlace {
  session: string;
  message: string | null;
  run: string | null;
  /** The number of the part in the message. */
  part: number | null;
}

export class Places {
  /** Emitted when a place is asked for. */
  get asked(): ISignal<this, void> {
    return this._asked;
  }

  ask(place: IPlace | null): void {
    this._place = place;
    if (place) {
      this._asked.emit();
    }
  }

  /** The place in the chat `session`, if one was asked for. */
  of(session: string | undefined): IPlace | null {
    return this._place && this._place.session === session ? this._place : null;
  }

  private _place: IPlace | null = null;
  private readonly _asked = new Signal<this, void>(this);
}
