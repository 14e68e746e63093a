/**
 * One message of the column. A turn is drawn again only when its entry changed, and of it only the parts that did:
 * what is finished stays as it is while more arrives.
 */
import { MessageRenderer } from '@jupyter/chat';
import { PromiseDelegate } from '@lumino/coreutils';
import React, { useMemo } from 'react';

import { splitBlocks } from '../core/blocks';
import { IEntry, isDirect, isOpen, itemsOf, textOf } from '../core/entries';
import { duration, usageLine, when } from '../core/format';
import { ITextPart } from '../core/wire';
import { Icon } from '../icons';
import { chipKey, chipText } from '../model/attachments';
import { ApprovalCard } from './approval';
import { CopyButton } from './copy';
import { ErrorCard } from './errorcard';
import { Asked } from './question';
import { ToolCard } from './toolcard';
import { useChat, useNow } from './context';
import { notifyFailure } from './notify';

interface IProps {
  entry: IEntry;
  /** It is the newest: its ways out of an error are still ahead. */
  last: boolean;
  /** The decisions on their way, as one string: it tells when to draw again. */
  deciding: string;
}

export const Turn = React.memo(function Turn(props: IProps): JSX.Element {
  return props.entry.message.role === 'user' ? <Question {...props} /> : <Answer {...props} />;
});

function Question(props: IProps): JSX.Element {
  const { entry } = props;
  const { message, failure } = entry;
  const { chat, commands, mandrake } = useChat();
  const { trans } = mandrake;
  const time = when(message.created, new Date());
  const queued = message.status === 'queued';
  return (
    <>
      <article
        className="jp-Mandrake-turn jp-chat-message jp-Mandrake-own"
        aria-label={trans.__('You, %1', time)}
        tabIndex={-1}
        data-testid="mandrake-message"
        data-role="user"
        data-message={message.id}
        data-run={message.run_id}
        data-status={message.status}
      >
        <div className="jp-Mandrake-turn-head">
          <span className="jp-Mandrake-time">{time}</span>
        </div>
        <div className="jp-Mandrake-own-text">{textOf(message)}</div>
        {(message.attachments.length > 0 || queued) && (
          <div className="jp-Mandrake-chips">
            {message.attachments.map(attachment => (
              <span
                key={chipKey(attachment)}
                className="jp-Mandrake-chip"
                title={chipKey(attachment)}
              >
                <Icon name={attachment.type === 'file' ? 'clip' : attachment.type === 'resource' ? 'plug' : 'notebook'} />
                {chipText(attachment, trans.__('cell'))}
              </span>
            ))}
            {queued && (
              <>
                <span className="jp-Mandrake-chip">
                  <Icon name="clock" />
                  {trans.__('Waits for this answer')}
                </span>
                {message.run_id && (
                  <button
                    className="jp-Mandrake-chip"
                    data-testid="mandrake-remove"
                    onClick={() => void chat.removeQueued(entry).catch(error => notifyFailure(trans, commands, error))}
                  >
                    <Icon name="close" />
                    {trans.__('Remove')}
                  </button>
                )}
              </>
            )}
          </div>
        )}
      </article>
      {failure && <ErrorCard error={failure} time={message.created} entry={entry} live={props.last} />}
    </>
  );
}

function Answer(props: IProps): JSX.Element {
  const { entry, last } = props;
  const { message } = entry;
  const { chat, mandrake } = useChat();
  const { trans } = mandrake;
  const time = when(message.created, new Date());
  const open = isOpen(message);
  const direct = isDirect(chat.entries, entry);
  const items = itemsOf(message, chat.decisions.deciding);
  const tail = message.parts[message.parts.length - 1];
  const writing = message.status === 'running' && tail?.type === 'text' && !entry.stopping;
  return (
    <article
      className="jp-Mandrake-turn jp-chat-message"
      aria-label={trans.__('Mandrake, %1', time)}
      aria-busy={open}
      tabIndex={-1}
      data-testid="mandrake-message"
      data-role="assistant"
      data-message={message.id}
      data-run={message.run_id}
      data-status={message.status}
    >
      <div className="jp-Mandrake-turn-head">
        <span className="jp-Mandrake-avatar">
          <Icon name="sprout" />
        </span>
        <span className="jp-Mandrake-sender">Mandrake</span>
        <span className="jp-Mandrake-time">{time}</span>
      </div>
      {items.map(item =>
        item.kind === 'question' ? (
          <ApprovalCard key={item.key} entry={entry} calls={item.calls} />
        ) : item.part.type === 'tool' ? (
          <React.Fragment key={item.key}>
            <ToolCard call={item.part} direct={direct} />
            <Asked entry={entry} call={item.part} />
          </React.Fragment>
        ) : item.part.type === 'reasoning' ? (
          <Reasoning key={item.key} part={item.part} done={!open || item.part !== tail} />
        ) : (
          <Text key={item.key} part={item.part} writing={writing && item.part === tail} />
        )
      )}
      {message.status === 'running' && <Working entry={entry} />}
      {message.status === 'cancelled' && (
        <div className="jp-Mandrake-working jp-Mandrake-muted">
          <Icon name="crossed" className="is-off" />
          {trans.__('Stopped by you')}
        </div>
      )}
      {message.finish_reason === 'length' && (
        <div className="jp-Mandrake-small jp-Mandrake-muted">{trans.__('The answer reached the model’s length limit.')}</div>
      )}
      {message.finish_reason === 'steps' && (
        <div className="jp-Mandrake-small jp-Mandrake-muted">{trans.__('The answer reached its limit of tool steps.')}</div>
      )}
      {message.error && <ErrorCard error={message.error} time={message.created} entry={entry} live={last} />}
      <Footer entry={entry} />
    </article>
  );
}

const Text = React.memo(function Text(props: { part: ITextPart; writing: boolean }): JSX.Element {
  const blocks = splitBlocks(props.part.content);
  return (
    <div className={`jp-Mandrake-text${props.writing ? ' jp-mod-writing' : ''}`} data-testid="mandrake-text" data-part={props.part.part}>
      {blocks.map((block, i) => (
        <Markdown key={i} text={block} />
      ))}
    </div>
  );
});

/** Markdown by the package's renderer, with its code toolbar; rendermime sanitizes, as it is never trusted. */
const Markdown = React.memo(function Markdown(props: { text: string }): JSX.Element {
  const rendered = useMemo(() => new PromiseDelegate<void>(), []);
  const message = useMemo(
    () => ({ type: 'msg', id: '', time: 0, sender: { username: 'mandrake' }, body: props.text }),
    [props.text]
  );
  return (
    <div className="jp-Mandrake-block">
      <MessageRenderer message={message} rendered={rendered} />
    </div>
  );
});

function Reasoning(props: { part: ITextPart; done: boolean }): JSX.Element {
  const { trans } = useChat().mandrake;
  return (
    <details className="jp-Mandrake-card" data-testid="mandrake-reasoning">
      <summary>
        <Icon name={props.done ? 'info' : 'spinner'} className="is-off" />
        <span className="jp-Mandrake-card-title">{props.done ? trans.__('Thoughts') : trans.__('Thinking…')}</span>
        <Icon name="right" className="jp-Mandrake-chevron" />
      </summary>
      <div className="jp-Mandrake-card-body jp-Mandrake-thoughts">{props.part.content}</div>
    </details>
  );
}

/** What stands where the next word will be, while none is being written. */
function Working(props: { entry: IEntry }): JSX.Element | null {
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
      {!stopping && !tail && elapsed >= 3000 ? `${words} ${trans.__('%1 s', Math.round(elapsed / 1000))}` : words}
    </div>
  );
}

/** Usage and time; after the end also copy. Its height is there from the start, so that nothing jumps. */
function Footer(props: { entry: IEntry }): JSX.Element {
  const { trans } = useChat().mandrake;
  const { message, startedAt, endedAt } = props.entry;
  const open = isOpen(message);
  const ticking = open && message.status !== 'waiting' && startedAt !== null;
  const now = useNow(ticking);
  const until = endedAt ?? (ticking ? now : null);
  const time = startedAt !== null && until !== null ? Math.max(0, until - startedAt) : null;
  const whole = time !== null && open ? Math.floor(time / 1000) * 1000 : time;
  const line = usageLine(trans, message.usage, whole !== null && (whole >= 1000 || !open) ? whole : null);
  const text = textOf(message);
  return (
    <div className="jp-Mandrake-usage">
      <span className="jp-Mandrake-grow" data-testid="mandrake-usage" title={whole === null ? '' : duration(trans, whole)}>
        {line}
      </span>
      {!open && text && (
        <span className="jp-Mandrake-usage-actions">
          <CopyButton text={() => text} />
        </span>
      )}
    </div>
  );
}
