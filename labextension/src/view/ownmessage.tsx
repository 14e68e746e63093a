/** A message of the user: its words, what is attached, and what can be done with it: edit, delete, take back from the queue. */
import React, { useRef, useState } from 'react';

import { textOf } from '../core/entries';
import { when } from '../core/format';
import { isSettled } from '../core/revise';
import { IAttachment } from '../core/wire';
import { Icon } from '../icons';
import { chipKey, chipText, isImage } from '../model/attachments';
import { useChat } from './context';
import { Editor } from './editor';
import { ErrorCard } from './errorcard';
import { notifyFailure } from './notify';
import { RevisingButton } from './revising';
import { Thumb } from './thumbs';
import { ITurnProps } from './turn';

export function OwnMessage(props: ITurnProps): JSX.Element {
  const { entry } = props;
  const { message, failure } = entry;
  const { trans } = useChat().mandrake;
  const [editing, setEditing] = useState(false);
  const turn = useRef<HTMLElement>(null);
  const time = when(message.created, new Date());
  const unsent = failure !== null && message.run_id === '';
  const close = () => {
    setEditing(false);
    // The pencil is there again after the next drawing.
    setTimeout(() => turn.current?.querySelector<HTMLElement>('[data-testid="mandrake-edit"]')?.focus(), 0);
  };
  return (
    <>
      <article
        ref={turn}
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
          {!editing && (unsent || isSettled(message)) && (
            <Actions {...props} unsent={unsent} onEdit={() => setEditing(true)} />
          )}
          <span className="jp-Mandrake-time">{time}</span>
        </div>
        {editing ? (
          <Editor entry={entry} onClose={close} />
        ) : (
          <div className="jp-Mandrake-own-text">{textOf(message)}</div>
        )}
        <Attachments list={message.attachments} session={message.session_id} />
        {message.status === 'queued' && <Queued {...props} />}
      </article>
      {failure && <ErrorCard error={failure} time={message.created} entry={entry} live={props.last} />}
    </>
  );
}

function Actions(props: ITurnProps & { unsent: boolean; onEdit(): void }): JSX.Element {
  const { entry, unsent } = props;
  const { chat, mandrake } = useChat();
  const { trans } = mandrake;
  const remove = async () => {
    await chat.sending.remove(entry);
    chat.input.focus();
  };
  return (
    <span className="jp-Mandrake-usage-actions">
      <RevisingButton
        icon="pencil"
        label={trans.__('Edit message')}
        testid="mandrake-edit"
        free={unsent}
        onPress={props.onEdit}
      />
      <RevisingButton
        icon="trash"
        label={trans.__('Delete message and answer')}
        testid="mandrake-delete"
        free={unsent}
        onPress={remove}
      />
    </span>
  );
}

function Attachments(props: { list: readonly IAttachment[]; session: string }): JSX.Element | null {
  const { trans } = useChat().mandrake;
  const images = props.list.filter(isImage);
  const others = props.list.filter(attachment => !isImage(attachment));
  return (
    <>
      {images.length > 0 && (
        <div className="jp-Mandrake-thumbs">
          {images.map((image, i) => (
            <Thumb key={i} image={image} session={props.session} />
          ))}
        </div>
      )}
      {others.length > 0 && (
        <div className="jp-Mandrake-chips">
          {others.map(attachment => (
            <span key={chipKey(attachment)} className="jp-Mandrake-chip" title={chipKey(attachment)}>
              <Icon name={attachment.type === 'file' ? 'clip' : attachment.type === 'resource' ? 'plug' : 'notebook'} />
              {chipText(attachment, trans.__('cell'))}
            </span>
          ))}
        </div>
      )}
    </>
  );
}

function Queued(props: ITurnProps): JSX.Element {
  const { entry } = props;
  const { chat, commands, mandrake } = useChat();
  const { trans } = mandrake;
  const remove = (then: () => void = () => undefined) => {
    chat.sending.removeQueued(entry).then(
      () => {
        then();
        chat.input.focus();
      },
      error => notifyFailure(trans, commands, error)
    );
  };
  const edit = () =>
    remove(() => {
      chat.input.value = [textOf(entry.message), chat.input.value].filter(Boolean).join('\n');
    });
  return (
    <div className="jp-Mandrake-chips">
      <span className="jp-Mandrake-chip">
        <Icon name="clock" />
        {trans.__('Waits for this answer')}
      </span>
      {entry.message.run_id && !chat.elsewhere && (
        <>
          {entry.message.attachments.length === 0 && (
            <button
              className="jp-Mandrake-chip"
              title={trans.__('Take it back into the input')}
              data-testid="mandrake-take-back"
              onClick={edit}
            >
              <Icon name="pencil" />
              {trans.__('Edit')}
            </button>
          )}
          <button className="jp-Mandrake-chip" data-testid="mandrake-remove" onClick={() => remove()}>
            <Icon name="close" />
            {trans.__('Remove')}
          </button>
        </>
      )}
    </div>
  );
}
