/** The open row of an MCP server: what went wrong, what would run or runs, what it asks for, its log, its tools. */
import * as React from 'react';

import { own } from '../../core/form';
import { splitLog } from '../../core/format';
import { ITrans } from '../../core/trans';
import { IErrorBody, IMcpServer } from '../../core/wire';
import { Icon } from '../../icons';
import { ErrorCard, SmallButton } from '../common/parts';
import { factsOf, healthWords } from './facts';
import { Log } from './log';
import { Needs } from './needs';
import { OpenRow } from './openrow';
import type { IRowProps } from './row';
import { actionLabel, canPause, isDockerRun, isOutside, OURS } from './status';
import { Tools } from './tools';

export function Detail(props: IRowProps): JSX.Element | null {
  const { server, model, trans } = props;
  const row = model.open;
  if (!row) {
    return null;
  }
  const refused = model.refusals.get(server.name) ?? row.failure ?? row.tools.failure;
  const error = refused ?? (server.phase === 'failed' ? server.error : null);
  const hasLog = server.trusted && !server.disabled && server.transport !== 'builtin';
  const tools = (
    <SmallButton look="quiet" expanded={row.tools.shown} onClick={() => void row.tools.toggle()}>
      {row.tools.shown ? trans.__('Hide tools') : trans.__('Tools')}
    </SmallButton>
  );
  return (
    <div className="jp-Mandrake-detail">
      {error && <Trouble {...props} error={error} row={row} />}
      {server.command && <div className="jp-Mandrake-cmd">{server.command}</div>}
      <Needs server={server} row={row} trans={trans} />
      <Facts server={server} row={row} trans={trans} />
      {hasLog ? (
        <Log name={server.name} log={row.log} trans={trans} change={change => model.changeLog(change)}>
          {tools}
        </Log>
      ) : (
        server.trusted && !server.disabled && <div className="jp-Mandrake-actions">{tools}</div>
      )}
      {row.tools.shown && <Tools name={server.name} model={row.tools} trans={trans} />}
      <Changes {...props} />
    </div>
  );
}

/** What changes the entry itself; not there where nothing can. */
function Changes({ server, model, trans, edit, manage }: IRowProps): JSX.Element | null {
  const ours = server.origin === OURS;
  const able = server.trusted && !server.disabled && server.transport !== 'builtin';
  return ours || able ? (
    <div className="jp-Mandrake-actions">
      <span className="jp-Mandrake-grow" />
      {isDockerRun(server) && (
        <SmallButton look="quiet" testId="mandrake-mcp-manage" onClick={() => manage(server.name)}>
          {trans.__('Run as a managed container…')}
        </SmallButton>
      )}
      {canPause(server) && (
        <SmallButton look="quiet" testId="mandrake-mcp-pause" onClick={() => void model.control(server, 'pause')}>
          {trans.__('Pause')}
        </SmallButton>
      )}
      {ours && (
        <SmallButton look="quiet" onClick={() => edit({ name: server.name })}>
          {trans.__('Edit…')}
        </SmallButton>
      )}
      {able && (
        <SmallButton look="quiet" onClick={() => void model.control(server, 'disable')}>
          {trans.__('Disable')}
        </SmallButton>
      )}
      {ours && (
        <SmallButton look="quiet" onClick={() => model.ask({ name: server.name, about: 'remove' })}>
          {trans.__('Remove…')}
        </SmallButton>
      )}
    </div>
  ) : null;
}

/** The error card, with those of its ways out that lead somewhere from here. */
function Trouble({ error, server, model, trans, review, edit, row }: IRowProps & ITroubleProps): JSX.Element {
  const card = React.useRef<HTMLDivElement>(null);
  const start = () => void model.control(server, 'start');
  const enter = () =>
    card.current?.parentElement?.querySelector<HTMLElement>('[data-has="false"] :is(input, select)')?.focus();
  const ways: Record<string, [label: string, act: () => void]> = {
    review_trust: [trans.__('Review…'), review],
    enter_value: [trans.__('Enter value'), enter],
    try_again: [actionLabel(trans, isOutside(server) ? 'try_again' : 'start', server), start],
    wait_longer: [trans.__('Wait longer'), start],
    edit_mcp_server: [trans.__('Edit'), () => edit({ name: server.name })],
    open_log: [trans.__('Open log'), () => model.changeLog({ whole: true })]
  };
  const possible: Record<string, boolean> = {
    open_log: !row.log.whole,
    edit_mcp_server: server.origin === OURS,
    enter_value: server.needs.some(need => need.key_name && !need.has_value)
  };
  const [then, lines] = splitLog(error.then);
  const offered = error.actions.filter(id => own(ways, id) && possible[id] !== false);
  return (
    <div ref={card}>
      <ErrorCard
        title={error.message}
        then={then}
        log={
          lines && (
            <pre className="jp-Mandrake-log" tabIndex={0} role="region" aria-label={trans.__('Its last lines')}>
              {lines}
            </pre>
          )
        }
      >
        {offered.length > 0 &&
          offered.map(id => (
            <SmallButton key={id} onClick={ways[id][1]}>
              {ways[id][0]}
            </SmallButton>
          ))}
      </ErrorCard>
    </div>
  );
}

interface ITroubleProps {
  error: IErrorBody;
  row: OpenRow;
}

interface IFactsProps {
  server: IMcpServer;
  row: OpenRow;
  trans: ITrans;
}

function Facts({ server, row, trans }: IFactsProps): JSX.Element | null {
  const facts = factsOf(trans, server, row.healthNow, Date.now());
  const askable = server.trusted && !server.disabled && server.transport !== 'builtin';
  if (!facts.length && !askable) {
    return null;
  }
  return (
    <dl className="jp-Mandrake-facts jp-Mandrake-num" data-testid="mandrake-mcp-facts">
      {facts.map(({ name, value, wide, part }) => (
        <React.Fragment key={name}>
          <dt className={wide ? 'is-wide' : undefined}>{name}</dt>
          <dd className={wide ? 'is-wide' : undefined}>
            {value}
            {part !== undefined && <Meter part={part} />}
          </dd>
        </React.Fragment>
      ))}
      {askable && <Health row={row} server={server} trans={trans} />}
    </dl>
  );
}

/** The words beside it say the same. */
function Meter({ part }: { part: number }): JSX.Element {
  return (
    <span className="jp-Mandrake-meter" aria-hidden="true">
      <i style={{ width: `${Math.round(100 * Math.min(1, part))}%` }} />
    </span>
  );
}

function Health({ row, trans, server }: IFactsProps): JSX.Element {
  const words = row.health && healthWords(trans, row.health);
  return (
    <>
      <dt className="is-wide">{trans.__('Health')}</dt>
      <dd className="is-wide jp-Mandrake-health">
        <span className="jp-Mandrake-hstack jp-Mandrake-tight" role="status" data-testid="mandrake-mcp-health">
          {words && <Icon name={words.icon} className={`is-${words.tone}`} />}
          {words && <span>{words.words}</span>}
        </span>
        <button
          type="button"
          className="jp-Mandrake-btn jp-mod-quiet"
          aria-label={trans.__('Check whether %1 answers', server.name)}
          aria-disabled={row.checking || undefined}
          onClick={() => void row.check()}
        >
          {row.checking ? trans.__('Checking…') : words ? trans.__('Check again') : trans.__('Check')}
        </button>
      </dd>
    </>
  );
}
