/** What every view of a chat may use, and the few hooks they share. */
import { CommandRegistry } from '@lumino/commands';
import { ISignal } from '@lumino/signaling';
import React, { useContext, useEffect, useReducer, useState } from 'react';

import { MandrakeChat } from '../model/chat';
import { Places } from '../model/places';
import { IMandrake } from '../tokens';

/** The little that is remembered about a reader's wishes. */
export interface IWishes {
  readonly keepDemo: boolean;
  setKeepDemo(): void;
  /** Emitted when a wish changed. */
  readonly changed: ISignal<unknown, void>;
}

export interface IChatEnvironment {
  mandrake: IMandrake;
  chat: MandrakeChat;
  commands: CommandRegistry;
  wishes: IWishes;
  places: Places;
  /** The path of the open notebook, as the user sees it now. */
  notebook(): string | null;
  /** Emitted when another notebook, or none, is open. */
  notebookChanged: ISignal<unknown, unknown> | null;
}

export const ChatEnvironment = React.createContext<IChatEnvironment | null>(null);

export function useChat(): IChatEnvironment {
  const environment = useContext(ChatEnvironment);
  if (!environment) {
    throw new Error('A chat view stands outside of a chat.');
  }
  return environment;
}

/** Draw again whenever `signal` is emitted. */
export function useSignal(signal: ISignal<unknown, unknown> | null): void {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    const slot = () => redraw();
    signal?.connect(slot);
    // Something may have happened between the first drawing and now.
    redraw();
    return () => void signal?.disconnect(slot);
  }, [signal]);
}

/** The time in `Date.now()` milliseconds, drawn again every second while `active`. */
export function useNow(active: boolean): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!active) {
      return;
    }
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [active]);
  return now;
}
