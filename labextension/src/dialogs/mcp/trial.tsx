/** What came of starting an entry once, before it is added. */
import * as React from 'react';

import { ITrans } from '../../core/trans';
import { ILogLine } from '../../core/wire';
import { Icon } from '../../icons';
import { ErrorCard, useSeconds } from '../common/parts';
import { Trial } from './addmodel';
import { testWords } from './entries';

export function TrialResult({ trial, trans }: { trial: Trial | null; trans: ITrans }): JSX.Element {
  return (
    <>
      <div role="status" data-testid="mandrake-mcp-test-result">
        {trial && 'since' in trial && <Trying since={trial.since} trans={trans} />}
        {trial && 'test' in trial && trial.test.ok && (
          <div className="jp-Mandrake-problem jp-Mandrake-num">
            <Icon name="done" className="is-ok" />
            <div>
              <p>{testWords(trans, trial.test.seconds, trial.test.tools.length)}</p>
              {trial.test.tools.length > 0 && (
                <p className="jp-Mandrake-small jp-Mandrake-muted">
                  {trial.test.tools.map(tool => tool.name).join(', ')}
                </p>
              )}
            </div>
          </div>
        )}
      </div>
      {trial && 'failure' in trial && <ErrorCard title={trial.failure.message} then={trial.failure.then} />}
      {trial && 'test' in trial && !trial.test.ok && (
        <ErrorCard
          testId="mandrake-mcp-test-failure"
          title={trial.test.error.message}
          then={trial.test.error.then}
          log={trial.test.log.length > 0 && <LastLines lines={trial.test.log} trans={trans} />}
        />
      )}
    </>
  );
}

function Trying({ since, trans }: { since: number; trans: ITrans }): JSX.Element | null {
  const seconds = useSeconds(since);
  return seconds < 0.4 ? null : (
    <p className="jp-Mandrake-problem jp-Mandrake-num">
      <Icon name="spinner" />
      <span>{seconds < 3 ? trans.__('Testing…') : trans.__('Testing… %1 s', Math.floor(seconds))}</span>
    </p>
  );
}

function LastLines({ lines, trans }: { lines: readonly ILogLine[]; trans: ITrans }): JSX.Element {
  return (
    <pre className="jp-Mandrake-log" tabIndex={0} role="region" aria-label={trans.__('Its last lines')}>
      {lines.map(line => line.text).join('\n')}
    </pre>
  );
}
