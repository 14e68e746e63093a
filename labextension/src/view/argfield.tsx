/** One argument of a waiting call: shown, and editable in the way its schema asks for. */
import React, { useId, useState } from 'react';

import { firstLines, textSize } from '../core/format';
import { IField, Misfit, misfitWords } from '../core/form';
import { ITrans } from '../core/trans';
import { useChat } from './context';
import { TextControl } from './textcontrol';

/** Characters from which on a value is shown folded. */
const LONG = 2000;

/** The inputs that browsers have for a format. */
const TYPES: Readonly<Record<string, string>> = { date: 'date', email: 'email', uri: 'url' };

interface IProps {
  field: IField;
  text: string;
  edited: boolean;
  problem: Misfit | null;
  disabled: boolean;
  /** Stands below the field. */
  help?: string;
  onChange(text: string): void;
  onUndo(): void;
}

export function ArgumentField(props: IProps): JSX.Element {
  return <PlainField {...props} trans={useChat().mandrake.trans} />;
}

/** The same outside of a chat. */
export function PlainField(props: IProps & { trans: ITrans }): JSX.Element {
  const { field, text, edited, problem, trans } = props;
  const id = useId();
  const [shown, setShown] = useState(text.length <= LONG);
  return (
    <>
      <label htmlFor={id} title={field.description || field.name}>
        {field.title || field.name}
      </label>
      <div>
        {shown ? (
          <Control {...props} id={id} />
        ) : (
          <textarea
            id={id}
            className="jp-Mandrake-input jp-Mandrake-mono"
            rows={2}
            readOnly
            wrap="off"
            value={`${firstLines(text, 2).shown.slice(0, LONG)} …`}
          />
        )}
        {(edited || !shown || problem || props.help) && (
          <div className="jp-Mandrake-small jp-Mandrake-muted jp-Mandrake-field-note" id={`${id}-note`}>
            {props.help && !problem && props.help}
            {problem && <span className="jp-Mandrake-problem">{misfitWords(trans, problem)} </span>}
            {edited && (
              <>
                {trans.__('Edited by you')} ·{' '}
                <button className="jp-Mandrake-link" onClick={props.onUndo}>
                  {trans.__('Undo')}
                </button>
              </>
            )}
            {!shown && (
              <>
                {trans.__('%1 in all,', textSize(text))}{' '}
                <button className="jp-Mandrake-link" onClick={() => setShown(true)}>
                  {trans.__('show')}
                </button>
              </>
            )}
          </div>
        )}
      </div>
    </>
  );
}

function Control(props: IProps & { id: string }): JSX.Element {
  const { field, text, edited, problem, disabled, onChange, id } = props;
  const common = {
    id,
    disabled,
    className: `jp-Mandrake-input jp-Mandrake-mono${edited ? ' is-edited' : ''}`,
    'aria-invalid': problem !== null,
    'aria-describedby': problem !== null || props.help ? `${id}-note` : undefined
  };
  switch (field.kind) {
    case 'boolean':
      return (
        <input
          {...common}
          className={`jp-Mandrake-check${edited ? ' is-edited' : ''}`}
          type="checkbox"
          checked={text === 'true'}
          onChange={event => onChange(String(event.target.checked))}
        />
      );
    case 'choice':
      return (
        <select {...common} value={text} onChange={event => onChange(event.target.value)}>
          {!field.required && <option value="" />}
          {field.choices.map((choice, i) => {
            const value = typeof choice === 'string' ? choice : JSON.stringify(choice);
            return (
              <option key={value} value={value}>
                {field.titles?.[i] ?? value}
              </option>
            );
          })}
        </select>
      );
    case 'choices': {
      const chosen = text === '' ? [] : text.split('\n');
      const put = (value: string, on: boolean) =>
        onChange(field.choices.map(String).filter(one => (one === value ? on : chosen.includes(one))).join('\n'));
      return (
        <div id={id} role="group" aria-label={field.title || field.name} className="jp-Mandrake-choices">
          {field.choices.map(String).map((value, i) => (
            <label key={value}>
              <input
                type="checkbox"
                disabled={disabled}
                checked={chosen.includes(value)}
                onChange={event => put(value, event.target.checked)}
              />
              {field.titles?.[i] ?? value}
            </label>
          ))}
        </div>
      );
    }
    case 'number':
    case 'integer':
      return <input {...common} inputMode="decimal" value={text} onChange={event => onChange(event.target.value)} />;
    default:
      return (
        <TextControl
          {...common}
          type={TYPES[field.format ?? ''] ?? 'text'}
          text={text}
          short={field.kind === 'text'}
          onChange={onChange}
        />
      );
  }
}
