/**
 * The column of messages: a log that is never announced by itself. It follows its end only while the reader is
 * there; who scrolled up keeps his line, and a button brings him back.
 */
import React, { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';

import { visible } from '../core/entries';
import { Icon } from '../icons';
import { ErrorCard } from './errorcard';
import { Turn } from './turn';
import { useChat, useSignal } from './context';
import { useReveal } from './reveal';

/** Pixels from the end within which the reader counts as being there. */
const NEAR = 40;

export function Column(): JSX.Element {
  const { chat, mandrake } = useChat();
  const { trans } = mandrake;
  useSignal(chat.changed);
  const { box, inner, more, toEnd, leaveEnd, onScroll } = useFollow();
  useReveal(box, inner, leaveEnd);

  useEffect(() => {
    const slot = () => toEnd();
    chat.sent.connect(slot);
    return () => void chat.sent.disconnect(slot);
  }, [chat, toEnd]);

  const entries = visible(chat.entries);
  const deciding = [...chat.decisions.deciding].join();
  return (
    <div className="jp-Mandrake-column">
      <div
        ref={box}
        className="jp-Mandrake-scroll"
        role="log"
        aria-label={trans.__('Messages')}
        aria-live="off"
        tabIndex={0}
        onScroll={onScroll}
        onKeyDown={move}
      >
        <div ref={inner} className="jp-Mandrake-messages">
          {chat.loadFailure && <ErrorCard error={chat.loadFailure} time={null} entry={null} live={true} />}
          {entries.map((entry, i) => (
            <Turn key={entry.key} entry={entry} last={i === entries.length - 1} deciding={deciding} />
          ))}
        </div>
      </div>
      {more && (
        <button
          className="jp-Mandrake-follow"
          data-testid="mandrake-follow"
          onClick={() => {
            // The button is gone then: its focus goes to what it led to.
            box.current?.focus({ preventScroll: true });
            toEnd();
          }}
        >
          <Icon name="down" />
          {trans.__('New text')}
        </button>
      )}
    </div>
  );
}

/** Milliseconds for which a scroll counts as the reader's after he touched wheel, keys or pointer. */
const INTENT = 1000;

/**
 * Follows the end. Only the reader's own scrolling ends that: when text is drawn anew the browser may move the
 * column, too.
 */
function useFollow() {
  const box = useRef<HTMLDivElement>(null);
  const inner = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  const touched = useRef(0);
  const [more, setMore] = useState(false);

  const follow = useCallback((on: boolean) => {
    following.current = on;
    if (box.current) {
      // While following we keep the place, else the browser does.
      box.current.style.overflowAnchor = on ? 'none' : 'auto';
    }
    if (on) {
      setMore(false);
    }
  }, []);

  const toEnd = useCallback(() => {
    follow(true);
    if (box.current) {
      box.current.scrollTop = box.current.scrollHeight;
    }
  }, [follow]);

  const onScroll = useCallback(() => {
    const node = box.current;
    if (!node || node.clientHeight === 0) {
      return;
    }
    if (node.scrollHeight - node.scrollTop - node.clientHeight <= NEAR) {
      follow(true);
    } else if (Date.now() - touched.current < INTENT) {
      follow(false);
    }
  }, [follow]);

  useLayoutEffect(() => {
    const node = box.current;
    const touch = (event: Event) => {
      // A pointer may hold the scroll bar for long.
      touched.current = event.type === 'pointerdown' ? Infinity : Date.now();
    };
    const release = () => {
      touched.current = touched.current === Infinity ? Date.now() : touched.current;
    };
    const kinds = ['wheel', 'touchmove', 'keydown', 'pointerdown', 'focusin'];
    kinds.forEach(kind => node?.addEventListener(kind, touch, { passive: true }));
    window.addEventListener('pointerup', release);
    let [height, busy] = [0, false];
    const observer = new ResizeObserver(() => {
      const grown = (inner.current?.offsetHeight ?? 0) > height + 1;
      height = inner.current?.offsetHeight ?? 0;
      // The last of an answer may come together with its end.
      const written = busy;
      busy = (inner.current?.querySelector('[aria-busy="true"]') ?? null) !== null;
      if (following.current) {
        toEnd();
      } else if (grown && (busy || written)) {
        setMore(true);
      }
    });
    [box.current, inner.current].forEach(element => element && observer.observe(element));
    return () => {
      kinds.forEach(kind => node?.removeEventListener(kind, touch));
      window.removeEventListener('pointerup', release);
      observer.disconnect();
    };
  }, [toEnd]);

  const leaveEnd = useCallback(() => follow(false), [follow]);
  return { box, inner, more, toEnd, leaveEnd, onScroll };
}

/** Alt and an arrow move the focus from message to message. */
function move(event: React.KeyboardEvent<HTMLElement>): void {
  if (!event.altKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
  const turns = Array.from(event.currentTarget.querySelectorAll<HTMLElement>('.jp-Mandrake-turn'));
  const here = turns.findIndex(turn => turn.contains(document.activeElement));
  const up = event.key === 'ArrowUp';
  const next = here < 0 ? (up ? turns.length - 1 : 0) : here + (up ? -1 : 1);
  turns[Math.min(turns.length - 1, Math.max(0, next))]?.focus();
}
