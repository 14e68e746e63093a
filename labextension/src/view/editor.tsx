/** A message that is edited in its place. What is typed stays until the server has taken it. */
import React, { useEffect, useId, useRef, useState } from 'react';

import { IEntry, textOf } from '../core/entries';
import { slashFault } from '../core/slash';
import { errorBodyOf } from '../model/words';
import { useChat } from './context';
import { useGrow } from './grow';
import { useHindrance } from './revising';

export function Editor(props: { entry: IEntry; onClose(): void }): JSX.Element {
  const { entry, onClose } = props;
  const { chat, mandrake } = useChat();
  const { trans } = mandrake;
  const [text, setText] = useState(textOf(entry.message));
  const [sending, setSending] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const found = useHindrance();
  const hindrance = entry.message.run_id ? found : null;
  const field = useRef<HTMLTextAreaElement>(null);
  const gone = useRef(false);
  const id = useId();

  useEffect(() => {
    gone.current = false;
    const { current } = field;
    current?.focus();
    current?.setSelectionRange(current.value.length, current.value.length);
    return () => {
      gone.current = true;
    };
  }, []);
  useGrow(field, text);

  const content = text.trim();
  const send = async () => {
    const malformed = hindrance ?? slashFault(content);
    if (!content || sending || malformed) {
      setFault(malformed);
      return;
    }
    setSending(true);
    setFault(null);
    try {
      await chat.sending.edit(entry, content);
      chat.input.focus();
    } catch (error) {
      const { message, then } = errorBodyOf(trans, error);
      setFault([message, then].filter(Boolean).join(' '));
      field.current?.focus();
    } finally {
      if (!gone.current) {
        setSending(false);
      }
    }
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.nativeEvent.isComposing || event.nativeEvent.keyCode === 229) {
      return;
    }
    const sends = event.key === 'Enter' && event.shiftKey === (chat.config.sendWithShiftEnter ?? false);
    if (event.key === 'Escape' || sends) {
      event.preventDefault();
      // Escape would stop an answer, Alt and arrows would leave the message.
      event.stopPropagation();
      if (sends) {
        void send();
      } else if (!sending) {
        onClose();
      }
    }
  };
  return (
    <div className="jp-Mandrake-editing" data-testid="mandrake-editor">
      <textarea
        ref={field}
        className="jp-Mandrake-input jp-mod-grows"
        aria-label={trans.__('Edit message')}
        aria-describedby={`${id}-then`}
        aria-invalid={fault !== null}
        rows={1}
        readOnly={sending}
        value={text}
        onChange={event => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      {fault && (
        <p role="alert" className="jp-Mandrake-small jp-Mandrake-problem">
          {fault}
        </p>
      )}
      <p id={`${id}-then`} className="jp-Mandrake-small">
        {entry.message.run_id
          ? trans.__('What follows is replaced by a new answer.')
          : trans.__('It was not sent yet.')}
      </p>
      <div className="jp-Mandrake-actions">
        <span className="jp-Mandrake-grow" />
        <button className="jp-Mandrake-btn" disabled={sending} onClick={onClose}>
          {trans.__('Cancel')}
        </button>
        <button
          className="jp-Mandrake-btn jp-mod-primary"
          data-testid="mandrake-edit-send"
          disabled={sending || !content}
          onClick={() => void send()}
        >
          {sending ? trans.__('Sending…') : trans.__('Send')}
        </button>
      </div>
    </div>
  );
}
