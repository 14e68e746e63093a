/** What stands where the next word will be, while none is being written: that it is thought, or waited. */
import React from 'react';

import { timeLeft } from '../core/countdown';
import { IEntry } from '../core/entries';
import { clock } from '../core/format';
import { IRetry } from '../core/wire';
import { Icon } from '../icons';
import { useChat, useNow } from './context';
import { openModelPicker } from './modelpicker';
import { notifyFailure } from './notify';

export function Working(props: { entry: IEntry }): JSX.Element | null {
  const { message, startedAt, stopping } = props.entry;
  const { trans } = useChat().mandrake;
  const tail = message.parts[message.parts.length - 1];
  const silent = !tail || (tail.type === 'tool' && tail.status !== 'running');
  const elapsed = useNow(silent || stopping) - (startedAt ?? Date.now());
  if (!silent && !stopping) {
    return null;
  }
  const words = stopping ? trans.__('Stopping…') : trans.__('Thinking…');
  return (
    <div className="jp-Mandrake-working jp-mod-late jp-Mandrake-muted" data-testid="mandrake-working">
      <Icon name="spinner" />
      {!stopping && !tail && elapsed >= 3000 ? `${words} ${clock(trans, elapsed)}` : words}
    </div>
  );
}

/** The model could not be asked: why, and when it is asked again. It is announced once, not with every second. */
export function RetryCard(props: { entry: IEntry; retry: IRetry }): JSX.Element {
  const { entry, retry } = props;
  const { chat, commands, mandrake } = useChat();
  const { feed, trans } = mandrake;
  useNow(true);
  const left = Date.parse(retry.at) - feed.now();
  if (left <= 0) {
    return <Working entry={entry} />;
  }
  return (
    <div
      className="jp-Mandrake-error jp-mod-wait"
      role="group"
      aria-label={retry.content}
      data-testid="mandrake-retry"
      data-code={retry.code}
    >
      <div className="jp-Mandrake-error-head">
        <Icon name="clock" className="is-warn" />
        <div className="jp-Mandrake-grow jp-Mandrake-strong">{retry.content}</div>
      </div>
      <div className="jp-Mandrake-error-body">
        <div className="jp-Mandrake-num" data-testid="mandrake-retry-left">
          {trans.__('Your message is kept and is sent again in %1.', timeLeft(trans, left))}{' '}
          {retry.of > 1 && trans.__('Attempt %1 of %2.', retry.attempt, retry.of)}
        </div>
        <div className="jp-Mandrake-actions">
          <button
            className="jp-Mandrake-btn jp-mod-primary"
            data-action="try_now"
            disabled={entry.stopping}
            onClick={() => void chat.retryNow(entry).catch(error => notifyFailure(trans, commands, error))}
          >
            {trans.__('Try now')}
          </button>
          <button
            className="jp-Mandrake-btn"
            data-action="choose_model"
            disabled={entry.stopping}
            onClick={event => openModelPicker(event.currentTarget.closest('.jp-Mandrake'))}
          >
            {trans.__('Choose another model')}
          </button>
        </div>
      </div>
    </div>
  );
}
