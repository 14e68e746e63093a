/** Below an answer: usage and time; after its end also copy and retry. */
import React from 'react';

import { IEntry, isOpen, textOf } from '../core/entries';
import { clock, duration, usageLine } from '../core/format';
import { isFollowed, isSettled } from '../core/revise';
import { askReplace } from './asksofmessages';
import { useChat, useNow } from './context';
import { CopyButton } from './copy';
import { RevisingButton } from './revising';

/** Its height is there from the start, so that nothing jumps. */
export function Footer(props: { entry: IEntry }): JSX.Element {
  const { chat, mandrake } = useChat();
  const { trans } = mandrake;
  const { entry } = props;
  const { message, startedAt, endedAt } = entry;
  const open = isOpen(message);
  const ticking = open && message.status !== 'waiting' && startedAt !== null;
  const now = useNow(ticking);
  const until = endedAt ?? (ticking ? now : null);
  const time = startedAt !== null && until !== null ? Math.max(0, until - startedAt) : null;
  // Before the first word, what is thought says how long.
  const counts = open && time !== null && time >= 1000 && message.parts.length > 0;
  const words = time === null ? null : open ? (counts ? clock(trans, time) : null) : duration(trans, time);
  const line = usageLine(trans, message.usage, words);
  const text = textOf(message);
  const again = async () => {
    if (!isFollowed(chat.entries, entry) || (await askReplace(trans))) {
      await chat.sending.again(entry);
      chat.input.focus();
    }
  };
  return (
    <div className="jp-Mandrake-usage">
      <span className="jp-Mandrake-grow" data-testid="mandrake-usage">
        {line}
      </span>
      {!open && (
        <span className="jp-Mandrake-usage-actions">
          {text && <CopyButton text={() => text} />}
          {isSettled(message) && (
            <RevisingButton icon="restart" label={trans.__('Answer again')} testid="mandrake-again" onPress={again} />
          )}
        </span>
      )}
    </div>
  );
}
