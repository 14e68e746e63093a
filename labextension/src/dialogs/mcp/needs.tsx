/** What the `${…}` of an entry ask for. Values are written only: what was saved is never shown again. */
import * as React from 'react';

import { ITrans } from '../../core/trans';
import { IMcpServer, INeed } from '../../core/wire';
import { Icon } from '../../icons';
import { SmallButton } from '../common/parts';
import { keyOf, OpenRow } from './openrow';

interface IProps {
  server: IMcpServer;
  row: OpenRow;
  trans: ITrans;
}

export function Needs({ server, row, trans }: IProps): JSX.Element | null {
  if (!server.needs.length) {
    return null;
  }
  return (
    <div
      className="jp-Mandrake-needs"
      role="group"
      aria-label={trans.__('Values that %1 asks for', server.name)}
      data-testid="mandrake-mcp-needs"
    >
      {server.needs.map((need, i) => (
        <Need key={keyOf(need)} need={need} id={`jp-Mandrake-need-${i}`} row={row} trans={trans} />
      ))}
    </div>
  );
}

interface INeedProps {
  need: INeed;
  id: string;
  row: OpenRow;
  trans: ITrans;
}

function Need({ need, id, row, trans }: INeedProps): JSX.Element {
  return (
    <div className="jp-Mandrake-need" data-testid="mandrake-mcp-need" data-id={need.id} data-has={need.has_value}>
      <div className="jp-Mandrake-hstack">
        <label htmlFor={need.key_name ? id : undefined} className="jp-Mandrake-mono jp-Mandrake-ellipsis" title={need.id}>
          {need.id}
        </label>
        <span className="jp-Mandrake-grow" />
        <State need={need} trans={trans} />
      </div>
      {need.description && (
        <p id={`${id}-help`} className="jp-Mandrake-small jp-Mandrake-muted">
          {need.description}
        </p>
      )}
      {need.key_name ? (
        <Field need={need} id={id} row={row} trans={trans} />
      ) : (
        !need.has_value && (
          <p className="jp-Mandrake-small jp-Mandrake-muted">
            {trans.__('Set it in the environment of Jupyter, then start Jupyter again.')}
          </p>
        )
      )}
    </div>
  );
}

function State({ need, trans }: Pick<INeedProps, 'need' | 'trans'>): JSX.Element {
  const words = need.has_value
    ? need.key_name
      ? trans.__('Saved')
      : trans.__('Set')
    : need.default !== null
      ? trans.__('Default')
      : trans.__('Missing');
  const icon = need.has_value ? 'done' : need.default !== null ? 'hollow' : 'triangle';
  const tone = need.has_value ? 'is-ok' : need.default !== null ? 'is-off' : 'is-warn';
  return (
    <span className="jp-Mandrake-hstack jp-Mandrake-small jp-Mandrake-tight" role="status">
      <Icon name={icon} className={tone} />
      {words}
    </span>
  );
}

function Field({ need, id, row, trans }: INeedProps): JSX.Element {
  const typed = row.typed[keyOf(need)] ?? '';
  const common = {
    id,
    className: 'jp-Mandrake-input',
    'aria-describedby': need.description ? `${id}-help` : undefined,
    value: typed
  };
  const field = React.useRef<HTMLElement>(null);
  const save = async () => {
    await row.save(need);
    field.current?.focus();
  };
  return (
    <div className="jp-Mandrake-hstack">
      {need.options ? (
        <select
          {...common}
          ref={field as React.RefObject<HTMLSelectElement>}
          onChange={event => row.type(need, event.target.value)}
        >
          <option value="">{need.has_value ? trans.__('Saved; choose another') : trans.__('Choose…')}</option>
          {need.options.map(option => (
            <option key={option}>{option}</option>
          ))}
        </select>
      ) : (
        <input
          {...common}
          ref={field as React.RefObject<HTMLInputElement>}
          type={need.password ? 'password' : 'text'}
          autoComplete="off"
          spellCheck={false}
          placeholder={need.has_value ? trans.__('Saved; type to replace') : (need.default ?? '')}
          onChange={event => row.type(need, event.target.value)}
          onKeyDown={event => {
            if (event.key === 'Enter') {
              void save();
            }
          }}
        />
      )}
      <SmallButton
        testId="mandrake-mcp-need-save"
        disabled={!typed}
        busy={row.saving === keyOf(need)}
        title={trans.__('Save %1', need.id)}
        onClick={() => void save()}
      >
        {trans.__('Save')}
      </SmallButton>
    </div>
  );
}
