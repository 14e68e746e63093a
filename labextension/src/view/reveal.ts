/** Shows the message that was asked for, at its place in the column: scrolls to it, puts the focus there, flashes it once. */
import { RefObject, useEffect } from 'react';

import { IPlace } from '../model/places';
import { useChat } from './context';

/** Milliseconds for which the message is kept in view while what stands above it is still being drawn. */
const SETTLING = 2000;
/** Frames for which it is waited for after each change of the chat. */
const LOOKS = 120;
const FLASH = 'jp-mod-flash';
const TOUCHES = ['wheel', 'touchmove', 'keydown', 'pointerdown'];

export function useReveal(
  box: RefObject<HTMLElement>,
  inner: RefObject<HTMLElement>,
  leaveEnd: () => void
): void {
  const { chat, places } = useChat();
  useEffect(() => {
    let settle = () => undefined as void;
    const look = () => {
      const place = places.of(chat.session?.id);
      const turn = place && box.current?.clientHeight && chat.loaded ? turnOf(box.current, place) : null;
      if (place && turn && box.current && inner.current) {
        places.ask(null);
        settle();
        leaveEnd();
        settle = keepInView(box.current, inner.current, turn, place);
      } else if (place && looks++ < LOOKS) {
        frame = requestAnimationFrame(look);
      }
    };
    let [looks, frame] = [0, 0];
    // Its messages are drawn some frames after they are known, and its box has the size of nothing until it is visible.
    const soon = () => {
      cancelAnimationFrame(frame);
      looks = 0;
      frame = requestAnimationFrame(look);
    };
    soon();
    places.asked.connect(soon);
    chat.changed.connect(soon);
    return () => {
      settle();
      cancelAnimationFrame(frame);
      places.asked.disconnect(soon);
      chat.changed.disconnect(soon);
    };
  }, [box, inner, chat, places, leaveEnd]);
}

/** The message; where it is not shown, what stands for its run. */
function turnOf(box: HTMLElement, place: IPlace): HTMLElement | null {
  const find = (name: string, value: string | null) =>
    value === null ? null : box.querySelector<HTMLElement>(`[data-${name}="${CSS.escape(value)}"]`);
  return find('message', place.message) ?? find('run', place.run);
}

/** Until the reader does something, or all is drawn. Answers what ends it. */
function keepInView(box: HTMLElement, inner: HTMLElement, turn: HTMLElement, place: IPlace): () => void {
  const part = turn.querySelector<HTMLElement>(`[data-part="${place.part ?? ''}"]`);
  const scroll = () => (part ?? turn).scrollIntoView({ block: (part ?? turn).offsetHeight > box.clientHeight / 2 ? 'start' : 'center' });
  const observer = new ResizeObserver(scroll);
  const end = () => {
    clearTimeout(timer);
    observer.disconnect();
    TOUCHES.forEach(kind => document.removeEventListener(kind, end, true));
  };
  const timer = setTimeout(end, SETTLING);
  TOUCHES.forEach(kind => document.addEventListener(kind, end, { passive: true, capture: true }));
  observer.observe(inner);
  turn.focus({ preventScroll: true });
  scroll();
  flash(turn);
  return end;
}

function flash(turn: HTMLElement): void {
  turn.classList.remove(FLASH);
  // Asking for a size ends the flash of before, so that this one is one of its own.
  void turn.offsetWidth;
  turn.classList.add(FLASH);
  turn.addEventListener('animationend', () => turn.classList.remove(FLASH), { once: true });
}
