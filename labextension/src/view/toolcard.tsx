/**
 * One tool call as a card: what it is, how it goes, what came out. The result is text, never HTML.
 */
import React, { useEffect, useRef, useState } from 'react';

import { clock, duration, firstLines } from '../core/format';
import { argumentLines, isSentence } from '../core/shown';
import { IToolPart } from '../core/wire';
import { Icon, IconName } from '../icons';
import { MandrakeChat } from '../model/chat';
import { CopyButton } from './copy';
import { useChat, useNow } from './context';

const LINES = 20;
/** Milliseconds after which a running call opens its card. */
const SLOW = 2000;

/** How readers left the cards of a chat: by call id, true for open. */
const left = new WeakMap<MandrakeChat, Map<string, boolean>>();

function useOpen(callId: string, otherwise: boolean): [boolean, () => void] {
  const { chat } = useChat();
  const known = left.get(chat) ?? new Map<string, boolean>();
  left.set(chat, known);
  const [open, setOpen] = useState(known.get(callId));
  const shown = open ?? otherwise;
  return [
    shown,
    () => {
      known.set(callId, !shown);
      setOpen(!shown);
    }
  ];
}

interface IProps {
  call: IToolPart;
  /** The user called it himself: its result is the answer. */
  direct: boolean;
}

export const ToolCard = React.memo(function ToolCard(props: IProps): JSX.Element {
  const { call } = props;
  const { mandrake } = useChat();
  const { trans } = mandrake;
  const running = call.status === 'running' && !call.question;
  const since = useRef(Date.now());
  useEffect(() => {
    if (running) {
      since.current = Date.now();
    }
  }, [running]);
  const elapsed = useNow(running) - since.current;
  const direct = props.direct || (call.by === 'user' && !call.needs_approval);
  const shows = running ? elapsed > SLOW : direct && (call.status === 'done' || call.status === 'failed');
  const [open, toggle] = useOpen(call.call_id, shows);
  const name = call.title || call.tool;
  const [icon, state] = lookOf(call);

  return (
    <details
      className="jp-Mandrake-card"
      open={open}
      data-testid="mandrake-tool-card"
      data-part={call.part}
      data-status={call.status}
      data-tool={`${call.server}/${call.tool}`}
    >
      <summary
        onClick={event => {
          event.preventDefault();
          toggle();
        }}
      >
        <Icon name={icon} className={state} />
        <span className="jp-Mandrake-card-title" title={call.error ?? name}>
          <ToolName call={call} />
          {call.status === 'failed' && call.error ? `: ${firstLines(call.error, 1).shown}` : <Hint call={call} />}
        </span>
        <span className="jp-Mandrake-card-meta">{useMeta(call, elapsed)}</span>
        <Icon name="right" className="jp-Mandrake-chevron" />
      </summary>
      {running && <Progress call={call} name={name} />}
      {open && (
        <div className="jp-Mandrake-card-body">
          <dl className="jp-Mandrake-facts">
            <dt>{trans.__('MCP server')}</dt>
            <dd>{call.server}</dd>
            <dt className="jp-Mandrake-hide-narrow">{trans.__('Reads only')}</dt>
            <dd className="jp-Mandrake-hide-narrow">
              {call.read_only ? trans.__('yes') : call.read_only === false ? trans.__('no') : trans.__('not said')}
            </dd>
          </dl>
          <Arguments call={call} />
          {call.content !== null && call.content !== '' && <Result text={call.content} cut={call.truncated} />}
          {call.error && <Result text={call.error} cut={false} />}
          {call.status === 'unknown' && (
            <p className="jp-Mandrake-small">
              {trans.__('It is not known whether %1 finished. It was not run again.', name)}
            </p>
          )}
        </div>
      )}
    </details>
  );
});

/** The plain title from the tool's annotation, else its name in code type. */
export function ToolName(props: { call: IToolPart }): JSX.Element {
  const { title, tool } = props.call;
  return title && title !== tool ? <>{title}</> : <span className="jp-Mandrake-mono">{tool}</span>;
}

function lookOf(call: IToolPart): [IconName, string] {
  switch (call.status) {
    case 'running':
      return call.question ? ['bubble', 'is-busy'] : ['spinner', ''];
    case 'done':
      return ['done', 'is-ok'];
    case 'failed':
      return ['failed', 'is-error'];
    case 'denied':
    case 'withdrawn':
      return ['crossed', 'is-off'];
    case 'unknown':
      return ['unknown', 'is-warn'];
    default:
      return ['shield', 'is-busy'];
  }
}

/** The right end of the head: progress and time while it runs, then how it ended. */
function useMeta(call: IToolPart, elapsed: number): React.ReactNode {
  const { chat, mandrake } = useChat();
  const { trans } = mandrake;
  const seconds = elapsed >= 3000 ? clock(trans, elapsed) : '';
  switch (call.status) {
    case 'running': {
      if (call.question) {
        return trans.__('Waits for you');
      }
      const { progress, total } = call.progress ?? { progress: 0, total: null };
      const steps = call.progress ? (total ? trans.__('%1 of %2', progress, total) : String(progress)) : '';
      return [steps, seconds].filter(Boolean).join(' · ');
    }
    case 'denied':
      return call.decision === 'deny' ? trans.__('Denied') : trans.__('No longer needed');
    case 'withdrawn':
      return trans.__('No longer needed');
    case 'unknown':
      return trans.__('Not known whether it finished');
    case 'waiting':
      return trans.__('Waits for you');
    default: {
      const time = call.duration_ms === null ? '' : duration(trans, call.duration_ms);
      if (!call.decision || !call.needs_approval) {
        return time;
      }
      const allowed = chat.decisions.wasElsewhere(call.call_id)
        ? trans.__('Allowed in another window')
        : call.decision === 'session'
          ? trans.__('Allowed in this chat')
          : call.decision === 'workspace'
            ? trans.__('Always allowed')
            : trans.__('Allowed once');
      // In a narrow panel the title needs the room.
      return (
        <>
          <span className={time ? 'jp-Mandrake-hide-narrow' : undefined}>{time ? `${allowed} · ` : allowed}</span>
          {time}
        </>
      );
    }
  }
}

/** The one short text argument that says most, such as a path. */
function Hint(props: { call: IToolPart }): JSX.Element | null {
  const texts = Object.values(props.call.arguments).filter(value => typeof value === 'string' && value !== '');
  const [text] = texts;
  return texts.length === 1 && typeof text === 'string' && text.length <= 40 && !text.includes('\n') ? (
    <>
      {' '}
      <span className="jp-Mandrake-mono jp-Mandrake-hint">{text}</span>
    </>
  ) : null;
}

function Progress(props: { call: IToolPart; name: string }): JSX.Element {
  const { progress } = props.call;
  const known = progress && progress.total ? Math.min(1, progress.progress / progress.total) : null;
  return (
    <div
      className={`jp-Mandrake-progress${known === null ? ' jp-mod-unknown' : ''}`}
      role="progressbar"
      aria-label={props.name}
      aria-valuenow={progress && known !== null ? progress.progress : undefined}
      aria-valuemax={progress?.total ?? undefined}
      aria-valuetext={progress?.message ?? undefined}
    >
      {known !== null && <i style={{ width: `${known * 100}%` }} />}
    </div>
  );
}

function Arguments(props: { call: IToolPart }): JSX.Element | null {
  const { trans } = useChat().mandrake;
  const lines = argumentLines(props.call.arguments);
  return lines ? (
    <pre className="jp-Mandrake-log" tabIndex={0} aria-label={trans.__('Arguments')} data-testid="mandrake-tool-arguments">
      {lines}
    </pre>
  ) : null;
}

function Result(props: { text: string; cut: boolean }): JSX.Element {
  const { trans } = useChat().mandrake;
  const [all, setAll] = useState(false);
  const { shown, more } = firstLines(props.text, LINES);
  return (
    <>
      <pre
        className={`jp-Mandrake-log${isSentence(props.text) ? ' jp-mod-sentence' : ''}`}
        tabIndex={0}
        aria-label={trans.__('Result')}
        data-testid="mandrake-tool-result"
      >
        {all ? props.text : shown}
      </pre>
      {props.cut && <p className="jp-Mandrake-small jp-Mandrake-muted">{trans.__('The result was cut: it was too long.')}</p>}
      <div className="jp-Mandrake-actions">
        {more && (
          <button className="jp-Mandrake-btn jp-mod-quiet" onClick={() => setAll(!all)}>
            {all ? trans.__('Show less') : trans.__('Show all')}
          </button>
        )}
        <span className="jp-Mandrake-grow" />
        <CopyButton text={() => props.text} />
      </div>
    </>
  );
}
