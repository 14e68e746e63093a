/** What tools did in a chat, and what is allowed in it now, as two lists. */
import { ReactWidget } from '@jupyterlab/apputils';
import * as React from 'react';

import { decisionOf, outcomeOf, ranFor } from '../../core/activity';
import { duration, when } from '../../core/format';
import { ITrans } from '../../core/trans';
import { IAuditRecord, IGrant } from '../../core/wire';
import { Icon } from '../../icons';
import { ErrorCard, FooterButton, SmallButton, Spinner, useKeptFocus, useSignal } from '../common/parts';
import { ActivityModel } from './model';

interface IProps {
  model: ActivityModel;
  trans: ITrans;
  close: () => void;
}

export class ActivityBody extends ReactWidget {
  constructor(private readonly _props: IProps) {
    super();
    this.addClass('jp-Mandrake-form');
  }

  override render(): JSX.Element {
    return <View {...this._props} />;
  }
}

function View({ model, trans, close }: IProps): JSX.Element {
  useSignal(model.changed);
  const { failure } = model;
  return (
    <>
      <div className="jp-Mandrake-dialog-body" tabIndex={0} role="region" aria-label={trans.__('Activity')}>
        {failure && (
          <ErrorCard title={failure.message} then={failure.then} testId="mandrake-activity-failed">
            <SmallButton onClick={() => void model.refresh()}>{trans.__('Try again')}</SmallButton>
          </ErrorCard>
        )}
        {model.records === null ? (
          !failure && <Spinner text={trans.__('Reading what tools did…')} />
        ) : (
          <>
            <Allowed model={model} trans={trans} />
            <Calls records={model.records} model={model} trans={trans} />
          </>
        )}
      </div>
      <div className="jp-Mandrake-hidden" role="status">
        {model.said}
      </div>
      <div className="jp-Mandrake-dialog-footer">
        <FooterButton look="accept" onClick={close} testId="mandrake-activity-close">
          {trans.__('Close')}
        </FooterButton>
      </div>
    </>
  );
}

function Allowed({ model, trans }: Omit<IProps, 'close'>): JSX.Element {
  const place = useKeptFocus<HTMLElement>('button, h2');
  return (
    <section ref={place} className="jp-Mandrake-activity" aria-labelledby="jp-Mandrake-allowed">
      <h2 id="jp-Mandrake-allowed" tabIndex={-1}>
        {trans.__('Allowed now')}
      </h2>
      {model.grants.length === 0 ? (
        <p className="jp-Mandrake-muted">{trans.__('Nothing beyond single calls: tools that change something are asked about.')}</p>
      ) : (
        <ul>
          {model.grants.map(grant => (
            <Grant key={grant.id} grant={grant} model={model} trans={trans} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Grant({ grant, model, trans }: Omit<IProps, 'close'> & { grant: IGrant }): JSX.Element {
  const where = grant.session_id === null ? trans.__('In all chats of this project') : trans.__('In this chat');
  return (
    <li data-testid="mandrake-activity-grant" data-tool={grant.tool}>
      <div className="jp-Mandrake-hstack">
        <Icon name="shield" className="is-off" />
        <span className="jp-Mandrake-mono jp-Mandrake-ellipsis jp-Mandrake-grow" title={grant.tool}>
          {grant.tool}
        </span>
        <button
          type="button"
          className="jp-Mandrake-btn"
          aria-label={trans.__('Take back: %1 of %2, %3', grant.tool, grant.server, where)}
          onClick={() => void model.takeBack(grant)}
        >
          {trans.__('Take back')}
        </button>
      </div>
      <p className="jp-Mandrake-small jp-Mandrake-muted">
        {[grant.server, where, when(grant.created, new Date())].join(' · ')}
        {!grant.current && ` · ${trans.__('it changed since, so it is asked about')}`}
      </p>
    </li>
  );
}

function Calls(props: { records: readonly IAuditRecord[]; model: ActivityModel; trans: ITrans }): JSX.Element {
  const { records, model, trans } = props;
  return (
    <section className="jp-Mandrake-activity" aria-labelledby="jp-Mandrake-calls">
      <h2 id="jp-Mandrake-calls">{trans.__('What tools did')}</h2>
      {records.length === 0 && (
        <p className="jp-Mandrake-muted">
          {trans.__('No tool was called in this chat. The calls that a copy begins with are listed in the chat they were made in.')}
        </p>
      )}
      <ol reversed={true}>
        {records.map(record => (
          <Call key={record.id} record={record} trans={trans} />
        ))}
      </ol>
      {model.more && (
        <SmallButton onClick={() => void model.older()} testId="mandrake-activity-older">
          {trans.__('Show older calls')}
        </SmallButton>
      )}
    </section>
  );
}

/** Drawn again only when its record is another one. */
const Call = React.memo(function Call({ record, trans }: { record: IAuditRecord; trans: ITrans }): JSX.Element {
  const { icon, tone, words } = outcomeOf(record, trans);
  const ran = ranFor(record);
  const said = [record.server, decisionOf(record, trans), record.edited ? trans.__('arguments changed by a person') : ''];
  const asked = new Date(record.asked);
  return (
    <li data-testid="mandrake-activity-call" data-tool={record.tool} data-outcome={record.outcome ?? ''}>
      <div className="jp-Mandrake-hstack">
        <Icon name={icon} className={tone} />
        <span className="jp-Mandrake-mono jp-Mandrake-ellipsis jp-Mandrake-grow" title={record.tool}>
          {record.tool}
        </span>
        <time className="jp-Mandrake-small jp-Mandrake-muted" dateTime={record.asked} title={asked.toLocaleString()}>
          {when(record.asked, new Date())}
        </time>
      </div>
      <p className="jp-Mandrake-small">
        {words}
        {ran !== null && ` · ${duration(trans, ran)}`}
      </p>
      <p className="jp-Mandrake-small jp-Mandrake-muted">{said.filter(Boolean).join(' · ')}</p>
      {Object.keys(record.arguments).length > 0 && (
        <details className="jp-Mandrake-small">
          <summary aria-label={trans.__('Arguments of %1', record.tool)}>{trans.__('Arguments')}</summary>
          <pre className="jp-Mandrake-log" tabIndex={0}>
            {JSON.stringify(record.arguments, null, 2)}
          </pre>
        </details>
      )}
    </li>
  );
});
