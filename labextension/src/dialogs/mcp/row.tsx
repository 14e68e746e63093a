/** One MCP server in the list: name, badge, buttons, its state in words; opened, what is known of it and its log. */
import * as React from 'react';

import { ITrans } from '../../core/trans';
import { IMcpServer } from '../../core/wire';
import { Icon, IconName } from '../../icons';
import { IPlace } from '../config/words';
import { ErrorCard, SmallButton, useKeptFocus } from '../common/parts';
import { Detail } from './detail';
import { McpModel } from './model';
import { actionLabel, actionsOf, badgeOf, questionOf, RowAction, statusOf } from './status';

export interface IRowProps {
  server: IMcpServer;
  model: McpModel;
  trans: ITrans;
  /** Open the trust dialog. */
  review: () => void;
  /** Open the editor of the project's own file. */
  edit: (at?: IPlace) => void;
  /** Offer it as a managed container. */
  manage: (name: string) => void;
}

const ICONS: Partial<Record<RowAction, IconName>> = { start: 'play', resume: 'play', restart: 'restart', stop: 'stop', log: 'log' };

export function Row(props: IRowProps): JSX.Element {
  const { server, model, trans } = props;
  const place = useKeptFocus<HTMLLIElement>('button');
  const open = model.open?.name === server.name;
  const status = statusOf(trans, server, model.startingFor(server.name));
  const badge = badgeOf(trans, server);
  const refused = model.refusals.get(server.name);
  return (
    <li
      ref={place}
      className={`jp-Mandrake-row${open ? ' is-open' : ''}`}
      data-testid="mandrake-mcp-row"
      data-name={server.name}
      data-phase={server.phase}
      data-trusted={server.trusted}
    >
      <div className="jp-Mandrake-row-head">
        <Icon name={status.icon} className={`is-${status.tone}`} />
        <button
          type="button"
          className="jp-Mandrake-row-name"
          aria-expanded={open}
          onClick={() => model.toggle(server.name)}
        >
          {server.name}
        </button>
        {badge && (
          <span className="jp-Mandrake-badge">
            <Icon name={badge.icon} />
            {badge.label}
          </span>
        )}
        <span className="jp-Mandrake-row-actions">
          {actionsOf(server).map(action => (
            <ActionButton key={action} action={action} {...props} />
          ))}
        </span>
      </div>
      <div className="jp-Mandrake-row-sub jp-Mandrake-num">
        <span data-testid="mandrake-mcp-state">{status.words}</span>
      </div>
      <Question {...props} />
      {refused && !open && (
        <div className="jp-Mandrake-detail">
          <ErrorCard title={refused.message} then={refused.then} />
        </div>
      )}
      {open && <Detail {...props} />}
    </li>
  );
}

function ActionButton({ action, server, model, trans, review }: IRowProps & { action: RowAction }): JSX.Element {
  const label = actionLabel(trans, action, server);
  const run = () => {
    switch (action) {
      case 'review':
        return review();
      case 'log':
        return model.toggle(server.name, { whole: true });
      case 'try_again':
        return void model.control(server, 'start');
      default:
        return void model.control(server, action);
    }
  };
  const again = action === 'start' && server.phase === 'failed';
  const icon = again ? 'restart' : ICONS[action];
  return icon ? (
    <button
      type="button"
      className="jp-Mandrake-icon"
      aria-label={trans.__('%1 %2', label, server.name)}
      title={label}
      data-action={action}
      onClick={run}
    >
      <Icon name={icon} />
    </button>
  ) : (
    <SmallButton onClick={run}>{label}</SmallButton>
  );
}

/** What would cut off calls, and removals, ask in the row. */
function Question({ server, model, trans }: IRowProps): JSX.Element | null {
  const first = React.useRef<HTMLDivElement>(null);
  const about = model.question?.name === server.name ? model.question.about : null;
  React.useEffect(() => {
    first.current?.querySelector('button')?.focus();
  }, [about]);
  if (!about) {
    return null;
  }
  const { words, label } = questionOf(trans, server, about);
  const go = () => void (about === 'remove' ? model.remove(server.name) : model.control(server, about, true));
  return (
    <div ref={first} className="jp-Mandrake-ask" role="group" aria-label={words}>
      <span className="jp-Mandrake-grow">{words}</span>
      <SmallButton onClick={go}>{label}</SmallButton>
      <SmallButton onClick={() => model.ask(null)}>{trans.__('Cancel')}</SmallButton>
    </div>
  );
}
