/**
 * One message of the column. A turn is drawn again only when its entry changed, and of it only the parts that did:
 * what is finished stays as it is while more arrives.
 */
import { MessageRenderer } from '@jupyter/chat';
import { PromiseDelegate } from '@lumino/coreutils';
import React, { useMemo } from 'react';

import { splitBlocks } from '../core/blocks';
import { IEntry, isDirect, isOpen, itemsOf } from '../core/entries';
import { when } from '../core/format';
import { ITextPart } from '../core/wire';
import { Icon } from '../icons';
import { ApprovalCard } from './approval';
import { useChat } from './context';
import { ErrorCard } from './errorcard';
import { Footer } from './footer';
import { OwnMessage } from './ownmessage';
import { Asked } from './question';
import { ToolCard } from './toolcard';
import { isUnknown, UnknownOutcome } from './unknown';
import { RetryCard, Working } from './working';

export interface ITurnProps {
  entry: IEntry;
  /** It is the newest: its ways out of an error are still ahead. */
  last: boolean;
  /** The decisions on their way, as one string: it tells when to draw again. */
  deciding: string;
}

export const Turn = React.memo(function Turn(props: ITurnProps): JSX.Element {
  return props.entry.message.role === 'user' ? <OwnMessage {...props} /> : <Answer {...props} />;
});

function Answer(props: ITurnProps): JSX.Element {
  const { entry, last } = props;
  const { message } = entry;
  const { chat, mandrake } = useChat();
  const { trans } = mandrake;
  const time = when(message.created, new Date());
  const open = isOpen(message);
  const direct = isDirect(chat.entries, entry);
  const items = itemsOf(message, chat.decisions.deciding);
  const tail = message.parts[message.parts.length - 1];
  // Where the model went on, it knows and has said so.
  const unknown = last && !open && message.status !== 'complete' ? message.parts.filter(isUnknown) : [];
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
      {message.status === 'running' && (message.retry ? <RetryCard entry={entry} retry={message.retry} /> : <Working entry={entry} />)}
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
      {unknown.map(call => (
        <UnknownOutcome key={call.call_id} call={call} />
      ))}
      {message.error && (
        <ErrorCard error={message.error} time={message.created} entry={entry} live={last && unknown.length === 0} />
      )}
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
        <span className="jp-Mandrake-card-title jp-Mandrake-grow">{props.done ? trans.__('Thoughts') : trans.__('Thinking…')}</span>
        <Icon name="right" className="jp-Mandrake-chevron" />
      </summary>
      <div className="jp-Mandrake-card-body jp-Mandrake-thoughts">{props.part.content}</div>
    </details>
  );
}
