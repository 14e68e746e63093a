/** The open row of an MCP server: what went wrong, what would run or runs, the end of its log, its tools. */
import * as React from 'react';

import { own } from '../../core/form';
import { when } from '../../core/format';
import { ITrans } from '../../core/trans';
import { IErrorBody, ILogLine, IMcpServer, IToolSpec } from '../../core/wire';
import { ErrorCard, SmallButton, Spinner } from '../common/parts';
import { clock } from '../common/text';
import { IOpenRow } from './model';
import type { IRowProps } from './row';
import { actionLabel, isOutside } from './status';

/** The file whose entries we may take away. */
const OURS = '.mandrake/mcp.json';

export function Detail({ server, model, trans, review }: IRowProps): JSX.Element | null {
  const row = model.open;
  if (!row) {
    return null;
  }
  const refused = model.refusals.get(server.name) ?? row.failure;
  const error = refused ?? (server.phase === 'failed' ? server.error : null);
  const hasLog = server.trusted && server.transport !== 'builtin';
  return (
    <div className="jp-Mandrake-detail">
      {error && <Trouble error={error} server={server} model={model} trans={trans} review={review} />}
      {server.command && <div className="jp-Mandrake-cmd">{server.command}</div>}
      <Facts server={server} trans={trans} />
      {hasLog && <Log name={server.name} row={row} trans={trans} />}
      <div className="jp-Mandrake-actions">
        {hasLog && (
          <label className="jp-Mandrake-hstack jp-Mandrake-small jp-Mandrake-follow-log">
            <input
              type="checkbox"
              checked={row.follow}
              onChange={event => model.change({ follow: event.target.checked })}
            />
            {trans.__('Follow')}
          </label>
        )}
        <span className="jp-Mandrake-grow" />
        {server.origin === OURS && (
          <SmallButton look="quiet" onClick={() => model.ask({ name: server.name, about: 'remove' })}>
            {trans.__('Remove…')}
          </SmallButton>
        )}
        {server.trusted && (
          <SmallButton look="quiet" onClick={() => void model.toggleTools()}>
            {row.showTools ? trans.__('Hide tools') : trans.__('Tools')}
          </SmallButton>
        )}
        {hasLog && (
          <SmallButton look="quiet" onClick={() => model.change({ whole: !row.whole })}>
            {row.whole ? trans.__('Close log') : trans.__('Open log')}
          </SmallButton>
        )}
      </div>
      {row.showTools && <Tools name={server.name} tools={row.tools} trans={trans} />}
    </div>
  );
}

/** The error card, with those of its ways out that lead somewhere from here. */
function Trouble({ error, server, model, trans, review }: IRowProps & { error: IErrorBody }): JSX.Element {
  const start = () => void model.control(server, 'start');
  const ways: Record<string, [label: string, act: () => void]> = {
    review_trust: [trans.__('Review…'), review],
    try_again: [actionLabel(trans, isOutside(server) ? 'try_again' : 'start', server), start],
    wait_longer: [trans.__('Wait longer'), start],
    open_log: [trans.__('Open log'), () => model.change({ whole: true })]
  };
  const offered = error.actions.filter(id => own(ways, id) && !(id === 'open_log' && model.open?.whole));
  return (
    <ErrorCard title={error.message} then={error.then}>
      {offered.length > 0 &&
        offered.map(id => (
          <SmallButton key={id} onClick={ways[id][1]}>
            {ways[id][0]}
          </SmallButton>
        ))}
    </ErrorCard>
  );
}

function Facts({ server, trans }: { server: IMcpServer; trans: ITrans }): JSX.Element | null {
  const facts: [string, string][] = [];
  if (server.origin && server.origin !== 'builtin') {
    facts.push([trans.__('From'), server.origin]);
  }
  if (server.last_activity) {
    facts.push([trans.__('Last used'), when(server.last_activity, new Date())]);
  }
  if (server.pid) {
    facts.push([trans.__('Process'), String(server.pid)]);
  }
  return facts.length ? (
    <dl className="jp-Mandrake-facts jp-Mandrake-num">
      {facts.map(([name, value]) => (
        <React.Fragment key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </React.Fragment>
      ))}
    </dl>
  ) : null;
}

function Log({ name, row, trans }: { name: string; row: IOpenRow; trans: ITrans }): JSX.Element {
  const box = React.useRef<HTMLPreElement>(null);
  const last: ILogLine | undefined = row.logs[row.logs.length - 1];
  React.useEffect(() => {
    if (row.follow && box.current) {
      box.current.scrollTop = box.current.scrollHeight;
    }
  }, [row.logs.length, last?.time, last?.text, row.follow]);
  return (
    <pre
      ref={box}
      className="jp-Mandrake-log"
      tabIndex={0}
      role="log"
      aria-live="off"
      aria-label={trans.__('Log of %1', name)}
      data-testid="mandrake-mcp-log"
    >
      {row.logs.length === 0 && <span className="jp-Mandrake-empty-log">{trans.__('Nothing in the log yet.')}</span>}
      {row.logs.map((line, i) => (
        <React.Fragment key={i}>
          {i > 0 && '\n'}
          <b>{clock(line.time)}</b> {line.text}
        </React.Fragment>
      ))}
    </pre>
  );
}

function Tools(props: { name: string; tools: IToolSpec[] | null; trans: ITrans }): JSX.Element {
  const { name, tools, trans } = props;
  if (!tools) {
    return <Spinner text={trans.__('Asking for its tools…')} />;
  }
  return (
    <ul className="jp-Mandrake-tools" aria-label={trans.__('Tools of %1', name)} data-testid="mandrake-mcp-tools">
      {tools.length === 0 && <li>{trans.__('It has no tools.')}</li>}
      {tools.map(tool => (
        <li key={tool.name}>
          <p className="jp-Mandrake-hstack">
            <span className="jp-Mandrake-mono jp-Mandrake-ellipsis">{tool.name}</span>
            {tool.read_only && <span className="jp-Mandrake-badge">{trans.__('Reads only')}</span>}
          </p>
          {tool.description && <p className="jp-Mandrake-small">{tool.description.split('\n')[0]}</p>}
        </li>
      ))}
    </ul>
  );
}
