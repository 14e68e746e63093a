/** The end of the log of an MCP server, or all that is kept of it. */
import * as React from 'react';

import { ITrans } from '../../core/trans';
import { ILogLine } from '../../core/wire';
import { SmallButton } from '../common/parts';
import { clock } from '../common/text';
import { Level } from './api';
import { LogModel } from './logmodel';

interface IProps {
  name: string;
  log: LogModel;
  trans: ITrans;
  /** Something was switched. */
  change: (change: Partial<Pick<LogModel, 'whole' | 'follow' | 'level'>>) => void;
  /** Further buttons of the same line. */
  children?: React.ReactNode;
}

export function Log({ name, log, trans, change, children }: IProps): JSX.Element {
  return (
    <>
      <Lines name={name} log={log} trans={trans} />
      <div className="jp-Mandrake-actions">
        <label className="jp-Mandrake-hstack jp-Mandrake-small jp-Mandrake-follow-log">
          <input
            type="checkbox"
            data-testid="mandrake-mcp-follow"
            checked={log.follow}
            onChange={event => change({ follow: event.target.checked })}
          />
          {trans.__('Follow')}
        </label>
        {log.whole && <Levels log={log} trans={trans} change={change} />}
        <span className="jp-Mandrake-grow" />
        {children}
        <SmallButton look="quiet" onClick={() => change({ whole: !log.whole })}>
          {log.whole ? trans.__('Close log') : trans.__('Open log')}
        </SmallButton>
      </div>
    </>
  );
}

function Levels({ log, trans, change }: Pick<IProps, 'log' | 'trans' | 'change'>): JSX.Element {
  const choices: [string, string][] = [
    ['', trans.__('All lines')],
    ['info', trans.__('Info')],
    ['warning', trans.__('Warnings')],
    ['error', trans.__('Errors')]
  ];
  return (
    <select
      className="jp-Mandrake-input jp-Mandrake-small jp-Mandrake-level"
      aria-label={trans.__('Which lines')}
      title={trans.__('What has no level, as all that a program writes, is always there.')}
      data-testid="mandrake-mcp-level"
      value={log.level ?? ''}
      onChange={event => change({ level: (event.target.value || null) as Level })}
    >
      {choices.map(([level, label]) => (
        <option key={level} value={level}>
          {label}
        </option>
      ))}
    </select>
  );
}

function Lines({ name, log, trans }: Pick<IProps, 'name' | 'log' | 'trans'>): JSX.Element {
  const box = React.useRef<HTMLPreElement>(null);
  const { lines, follow, whole } = log;
  const last: ILogLine | undefined = lines[lines.length - 1];
  React.useEffect(() => {
    if (follow && box.current) {
      box.current.scrollTop = box.current.scrollHeight;
    }
  }, [last?.seq, follow, whole]);
  return (
    <pre
      ref={box}
      className={`jp-Mandrake-log${whole ? ' is-whole' : ''}`}
      tabIndex={0}
      role="log"
      aria-live="off"
      aria-label={trans.__('Log of %1', name)}
      data-testid="mandrake-mcp-log"
    >
      {lines.length === 0 && <span className="jp-Mandrake-empty-log">{trans.__('Nothing in the log yet.')}</span>}
      {lines.map((line, i) => (
        <React.Fragment key={line.seq}>
          {i > 0 && '\n'}
          <b>{clock(line.time)}</b> {line.level && loud(line.level) && `${line.level}: `}
          {line.text}
        </React.Fragment>
      ))}
    </pre>
  );
}

/** Worth a word in front of the line. */
function loud(level: string): boolean {
  return !['debug', 'info', 'notice'].includes(level);
}
