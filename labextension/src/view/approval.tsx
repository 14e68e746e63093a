/**
 * The question whether tools may run: one card for calls that stand together. Nothing here allows by one stray key,
 * and nothing spins: waiting for a person is not work.
 */
import React, { useEffect, useMemo, useRef, useState } from 'react';

import { argumentsOf, edit, Edits, isExact, shownText } from '../core/edits';
import { IEntry } from '../core/entries';
import { fields, Misfit, own } from '../core/form';
import { buttonWords, Choice, choiceWords } from '../core/permission';
import { IErrorBody, IToolPart } from '../core/wire';
import { Icon } from '../icons';
import { IDecision } from '../model/decisions';
import { ArgumentField } from './argfield';
import { useChat } from './context';
import { Denying } from './denying';
import { ToolName } from './toolcard';

const CHOICES: Choice[] = ['once', 'session', 'workspace'];

interface ICallState {
  on: boolean;
  edits: Edits;
}

export function ApprovalCard(props: { entry: IEntry; calls: IToolPart[] }): JSX.Element {
  const { calls, entry } = props;
  const { chat, mandrake } = useChat();
  const { trans } = mandrake;
  const [wanted, setChoice] = useState<Choice>('session');
  const [states, setStates] = useState<Record<string, ICallState>>({});
  const [denying, setDenying] = useState(false);
  const [errors, setErrors] = useState<IErrorBody[]>([]);
  const card = useRef<HTMLDivElement>(null);
  const denyButton = useRef<HTMLButtonElement>(null);
  const back = useRef(false);
  useEffect(() => {
    if (back.current && !denying) {
      denyButton.current?.focus();
    }
    back.current = denying;
  }, [denying]);
  const stateOf = (call: IToolPart): ICallState => states[call.call_id] ?? { on: true, edits: {} };
  const put = (call: IToolPart, change: Partial<ICallState>) =>
    setStates({ ...states, [call.call_id]: { ...stateOf(call), ...change } });

  const offered = CHOICES.filter(one => calls.every(call => call.choices?.includes(one) ?? true));
  const choice = offered.includes(wanted) ? wanted : 'once';
  const busy = calls.some(call => chat.decisions.deciding.has(call.call_id));
  const allowed = calls.filter(call => stateOf(call).on);
  const asked = { names: allowed.map(call => call.title || call.tool), all: calls.length };
  const answers = calls.map(call => ({ call, ...argumentsOf(call, stateOf(call).edits) }));
  const misfit = answers.some(({ call, problems }) => stateOf(call).on && Object.keys(problems).length > 0);
  const edited = allowed.some(call => Object.keys(stateOf(call).edits).length > 0);

  const decide = async (decisions: IDecision[]) => {
    const turn = card.current?.closest<HTMLElement>('.jp-Mandrake-turn');
    const refused = await chat.decisions.handIn(entry.message, decisions);
    setErrors(refused);
    // The pressed button is disabled or gone: don't leave the focus nowhere.
    const focus = document.activeElement;
    if (!focus || focus === document.body || card.current?.contains(focus)) {
      (refused.length ? card.current : turn)?.focus({ preventScroll: true });
    }
  };
  const allow = () =>
    decide(
      answers.map(({ call, changed }) =>
        stateOf(call).on ? { call, decision: choice, arguments: changed } : { call, decision: 'deny' }
      )
    );
  const deny = (reason?: string) => decide(calls.map(call => ({ call, decision: 'deny', reason })));

  const label = trans._n('Permission needed for %1 tool', 'Permission needed for %1 tools', calls.length);
  return (
    <div
      ref={card}
      className="jp-Mandrake-approval"
      role="group"
      aria-label={label}
      data-testid="mandrake-approval"
      tabIndex={-1}
    >
      <div className="jp-Mandrake-approval-head">
        <Icon name="shield" className="is-busy" />
        <span className="jp-Mandrake-grow">
          {calls.length === 1
            ? trans.__('Allow %1?', calls[0].title || calls[0].tool)
            : trans.__('Allow %1 tools?', calls.length)}
        </span>
      </div>
      {answers.map(({ call, problems }) => (
        <Call
          key={call.call_id}
          call={call}
          state={stateOf(call)}
          problems={problems}
          alone={calls.length === 1}
          disabled={busy}
          onChange={change => put(call, change)}
        />
      ))}
      <div className="jp-Mandrake-approval-foot">
        {errors.map((error, i) => (
          <p key={i} role="alert" className="jp-Mandrake-problem">
            {error.message}
          </p>
        ))}
        {denying ? (
          <Denying disabled={busy} onBack={() => setDenying(false)} onDeny={reason => void deny(reason)} />
        ) : (
          <>
            {offered.length > 1 && (
              <Choices choice={choice} offered={offered} disabled={busy || allowed.length === 0} onChoose={setChoice} />
            )}
            <p className="jp-Mandrake-small jp-Mandrake-muted jp-Mandrake-help">
              {offered.length > 1 || allowed.length === 0
                ? choiceWords(trans, choice, asked)
                : trans.__('This one time: the project asks about it each time.')} {edited && trans.__('Your edits count for this call only.')}
            </p>
            <div className="jp-Mandrake-actions">
              <button
                ref={denyButton}
                className="jp-Mandrake-btn"
                data-testid="mandrake-deny"
                disabled={busy}
                onClick={() => setDenying(true)}
              >
                {trans.__('Deny…')}
              </button>
              <span className="jp-Mandrake-grow" />
              <button
                className="jp-Mandrake-btn jp-mod-primary"
                data-testid="mandrake-allow"
                disabled={busy || misfit}
                onClick={allow}
              >
                {buttonWords(trans, asked)}
              </button>
            </div>
          </>
        )}
      </div>
    </div>
  );
}

function Call(props: {
  call: IToolPart;
  state: ICallState;
  problems: Readonly<Record<string, Misfit>>;
  alone: boolean;
  disabled: boolean;
  onChange(change: Partial<ICallState>): void;
}): JSX.Element {
  const { call, state, problems, onChange } = props;
  const { trans } = useChat().mandrake;
  const name = call.title || call.tool;
  const list = useMemo(() => fields(call.input_schema, call.arguments), [call.input_schema, call.arguments]);
  const describes = `mandrake-call-${call.call_id}`;
  const exact = isExact(call.arguments);
  const given = list.filter(field => own(call.arguments, field.name) !== undefined || field.required);
  return (
    <div className={`jp-Mandrake-call${state.on ? '' : ' is-off'}`}>
      <div className="jp-Mandrake-call-head">
        {!props.alone && (
          <input
            type="checkbox"
            checked={state.on}
            disabled={props.disabled}
            aria-label={trans.__('Include %1', name)}
            aria-describedby={describes}
            onChange={event => onChange({ on: event.target.checked })}
          />
        )}
        <div className="jp-Mandrake-grow">
          <div className="jp-Mandrake-strong">
            <ToolName call={call} />
          </div>
          <div id={describes} className="jp-Mandrake-small jp-Mandrake-muted">
            {trans.__('MCP server %1', call.server)} ·{' '}
            {call.read_only ? trans.__('says that it only reads') : trans.__('not marked as read-only')}
          </div>
        </div>
      </div>
      {given.length > 0 && (
        <div className={`jp-Mandrake-args${props.alone ? ' jp-mod-alone' : ''}`}>
          {given.map(field => (
            <ArgumentField
              key={field.name}
              field={field}
              {...shownText(state.edits, field, call)}
              problem={own(problems, field.name) ?? null}
              disabled={props.disabled || !state.on || !exact}
              onChange={text => onChange({ edits: edit(state.edits, field, call, text) })}
              onUndo={() => onChange({ edits: edit(state.edits, field, call, null) })}
            />
          ))}
          {!exact && (
            <p className="jp-Mandrake-small jp-Mandrake-muted">
              {trans.__('A number here is too large for a browser: it is shown rounded, and runs as the model wrote it. It can’t be edited here.')}
            </p>
          )}
        </div>
      )}
    </div>
  );
}

function Choices(props: {
  choice: Choice;
  offered: Choice[];
  disabled: boolean;
  onChoose(choice: Choice): void;
}): JSX.Element {
  const { trans } = useChat().mandrake;
  const name = React.useId();
  const labels: Record<Choice, string> = {
    once: trans.__('Once'),
    session: trans.__('In this chat'),
    workspace: trans.__('Always in this project')
  };
  return (
    <div className="jp-Mandrake-segment" role="radiogroup" aria-label={trans.__('Allow for how long')}>
      {props.offered.map(choice => (
        <label key={choice} className={choice === props.choice ? 'is-on' : ''}>
          <input
            type="radio"
            name={name}
            value={choice}
            disabled={props.disabled}
            checked={choice === props.choice}
            onChange={() => props.onChoose(choice)}
          />
          {labels[choice]}
        </label>
      ))}
    </div>
  );
}
