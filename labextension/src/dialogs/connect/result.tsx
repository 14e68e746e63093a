/** How the test went: one line when it works, a card with the remedy when it was refused. */
import * as React from 'react';

import { ITrans } from '../../core/trans';
import { IProviderEntry } from '../../core/wire';
import { Icon } from '../../icons';
import { ErrorCard, Marked, SmallButton } from '../common/parts';
import { ConnectModel } from './model';
import { remedyFor, RemedyAction, worksText } from './remedy';

interface IProps {
  model: ConnectModel;
  trans: ITrans;
  provider: IProviderEntry;
}

export function TestResult({ model, trans, provider }: IProps): JSX.Element {
  const { test } = model;
  const row = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => {
    if (test.phase === 'works' || test.phase === 'refused') {
      row.current?.scrollIntoView({ block: 'nearest' });
    }
  }, [test.phase]);
  return (
    <div
      ref={row}
      className="jp-Mandrake-field jp-Mandrake-result"
      data-testid="mandrake-test-result"
      data-phase={test.phase}
    >
      <span />
      <div>
        <p role="status" className="jp-Mandrake-hstack">
          {test.phase === 'works' && (
            <>
              <Icon name="done" className="is-ok" />
              <span>{worksText(trans, test.milliseconds)}</span>
            </>
          )}
        </p>
        {test.phase === 'refused' && <Refused model={model} trans={trans} provider={provider} />}
      </div>
    </div>
  );
}

function Refused({ model, trans, provider }: IProps): JSX.Element | null {
  if (model.test.phase !== 'refused') {
    return null;
  }
  const remedy = remedyFor(trans, model.test.error, provider, model.test.typed);
  return (
    <ErrorCard
      title={remedy.title}
      icon={remedy.aboutKey ? 'key' : 'failed'}
      then={
        remedy.then && (
          <Marked text={remedy.then}>
            <span className="jp-Mandrake-mono">{remedy.code}</span>
          </Marked>
        )
      }
    >
      <SmallButton onClick={() => act(remedy.action.id, model)}>{remedy.action.label}</SmallButton>
      {remedy.keyPage && (
        <a className="jp-Mandrake-btn jp-mod-quiet" href={remedy.keyPage} target="_blank" rel="noreferrer noopener">
          {trans.__('Open key page')} <Icon name="open" />
        </a>
      )}
    </ErrorCard>
  );
}

function act(action: RemedyAction, model: ConnectModel): void {
  switch (action) {
    case 'clear_key':
      model.enterKey();
      return focus('jp-Mandrake-key');
    case 'edit_model':
      return focus('jp-Mandrake-model');
    case 'edit_url':
      return focus('jp-Mandrake-url');
    case 'try_again':
      void model.runTest();
  }
}

function focus(id: string): void {
  const field = document.getElementById(id);
  field?.focus();
  if (field instanceof HTMLInputElement) {
    field.select();
  }
}
