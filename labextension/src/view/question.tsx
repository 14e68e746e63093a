/**
 * What an MCP server asks in the middle of a call: a card below the call's own, with its form or the page it wants to open.
 * It says who asks, never takes the focus, and nothing is sent or opened but by a press.
 */
import React, { useRef, useState } from 'react';

import { IEntry } from '../core/entries';
import { own } from '../core/form';
import { contentOf, fieldsOf, fieldText, hostOf, Texts } from '../core/question';
import { Action, IErrorBody, IQuestion, IToolPart } from '../core/wire';
import { Icon } from '../icons';
import { QuestionEnd } from '../model/decisions';
import { ArgumentField } from './argfield';
import { useChat, useNow } from './context';

/** The open question of a call, or how its last one ended. */
export function Asked(props: { entry: IEntry; call: IToolPart }): JSX.Element | null {
  const { call, entry } = props;
  const { chat } = useChat();
  if (call.question) {
    return <QuestionCard key={call.question.question_id} entry={entry} call={call} question={call.question} />;
  }
  const end = chat.decisions.endOf(call.call_id);
  return end && <Ended server={call.server} end={end} />;
}

function QuestionCard(props: { entry: IEntry; call: IToolPart; question: IQuestion }): JSX.Element {
  const { entry, question } = props;
  const { chat, mandrake } = useChat();
  const { trans } = mandrake;
  const [texts, setTexts] = useState<Texts>({});
  const [tried, setTried] = useState(false);
  const [error, setError] = useState<IErrorBody | null>(null);
  const card = useRef<HTMLDivElement>(null);
  const busy = chat.decisions.deciding.has(question.question_id);
  const fields = fieldsOf(question);
  const { content, problems } = contentOf(question, texts);
  const host = hostOf(question);

  const send = async (action: Action) => {
    const turn = card.current?.closest<HTMLElement>('.jp-Mandrake-turn');
    const form = action === 'accept' && question.mode === 'form';
    const refused = await chat.decisions.answer(entry.message, question, action, form ? content : undefined);
    setError(refused);
    // The pressed button is disabled or gone: don't leave the focus nowhere.
    const focus = document.activeElement;
    if (!focus || focus === document.body || card.current?.contains(focus)) {
      (refused ? card.current : turn)?.focus({ preventScroll: true });
    }
  };
  const accept = () => {
    setTried(true);
    if (Object.keys(problems).length === 0) {
      void send('accept');
    }
  };

  return (
    <div
      ref={card}
      className="jp-Mandrake-approval jp-Mandrake-question"
      role="group"
      aria-label={trans.__('%1 asks', question.server)}
      data-testid="mandrake-question"
      tabIndex={-1}
    >
      <div className="jp-Mandrake-approval-head">
        <Icon name="bubble" className="is-busy" />
        <span className="jp-Mandrake-grow">{trans.__('%1 asks', question.server)}</span>
        <TimeLeft expires={question.expires} />
      </div>
      <form
        className="jp-Mandrake-approval-foot"
        noValidate
        onSubmit={event => {
          event.preventDefault();
          accept();
        }}
      >
        <p className="jp-Mandrake-question-text">{question.message}</p>
        {question.mode === 'url' && (
          <p className="jp-Mandrake-small jp-Mandrake-muted jp-Mandrake-question-url">
            {trans.__('It wants to open a page of %1:', host)} <span className="jp-Mandrake-mono">{question.url}</span>
          </p>
        )}
        {fields.length > 0 && (
          <div className="jp-Mandrake-args jp-mod-alone">
            {fields.map(field => (
              <ArgumentField
                key={field.name}
                field={field}
                text={fieldText(question, field, texts)}
                edited={false}
                help={field.description}
                problem={(tried && own(problems, field.name)) || null}
                disabled={busy}
                onChange={text => setTexts({ ...texts, [field.name]: text })}
                onUndo={() => undefined}
              />
            ))}
          </div>
        )}
        {error && (
          <p role="alert" className="jp-Mandrake-problem">
            {error.message}
          </p>
        )}
        <p className="jp-Mandrake-small jp-Mandrake-muted jp-Mandrake-question-note">
          {question.mode === 'form' &&
            trans.__('Your answer goes to the MCP server %1. The chat does not keep it.', question.server)}
        </p>
        <div className="jp-Mandrake-actions">
          <button
            type="button"
            className="jp-Mandrake-btn"
            data-testid="mandrake-question-decline"
            disabled={busy}
            onClick={() => void send('decline')}
          >
            {trans.__('Decline')}
          </button>
          <span className="jp-Mandrake-grow" />
          {question.mode === 'url' ? (
            <a
              className="jp-Mandrake-btn jp-mod-primary"
              data-testid="mandrake-question-open"
              href={question.url ?? undefined}
              target="_blank"
              rel="noopener noreferrer"
              onClick={() => void send('accept')}
            >
              {trans.__('Open %1', host)}
            </a>
          ) : (
            <button className="jp-Mandrake-btn jp-mod-primary" data-testid="mandrake-question-answer" disabled={busy}>
              {trans.__('Answer')}
            </button>
          )}
        </div>
      </form>
    </div>
  );
}

/** How long the question still waits. */
function TimeLeft(props: { expires: string }): JSX.Element {
  const { trans, feed } = useChat().mandrake;
  useNow(true);
  const seconds = Math.max(0, Math.round((Date.parse(props.expires) - feed.now()) / 1000));
  const words = seconds >= 90 ? trans.__('%1 min left', Math.round(seconds / 60)) : trans.__('%1 s left', seconds);
  return <span className="jp-Mandrake-small jp-Mandrake-muted jp-Mandrake-time-left">{words}</span>;
}

function Ended(props: { server: string; end: QuestionEnd }): JSX.Element {
  const { chat, mandrake } = useChat();
  const { trans } = mandrake;
  const { action, by, question_id: id } = props.end;
  const here = chat.decisions.answeredHere(id);
  const words =
    by === 'timeout'
      ? trans.__('%1 asked something. Nobody answered in time.', props.server)
      : action === 'accept'
        ? here
          ? trans.__('You answered %1.', props.server)
          : trans.__('%1 asked something. It was answered elsewhere.', props.server)
        : action === 'decline'
          ? here
            ? trans.__('You declined what %1 asked.', props.server)
            : trans.__('%1 asked something. It was declined elsewhere.', props.server)
          : trans.__('%1 asked something. The call ended before an answer.', props.server);
  return (
    <div className="jp-Mandrake-small jp-Mandrake-muted jp-Mandrake-question-end" data-testid="mandrake-question-end">
      <Icon name="bubble" className="is-off" />
      {words}
    </div>
  );
}
