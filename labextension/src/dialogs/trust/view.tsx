/** The trust dialog as people see it: every entry with its file and its exact command, all off. */
import { ReactWidget } from '@jupyterlab/apputils';
import * as React from 'react';

import { ITrans } from '../../core/trans';
import { IDifference, ITrustEntry } from '../../core/wire';
import { Icon } from '../../icons';
import { ErrorCard, FooterButton, SmallButton, Spinner, useSignal } from '../common/parts';
import { changedText, details, effect, entryName, nothingYet, summary } from './entries';
import { TrustModel } from './model';

interface IProps {
  model: TrustModel;
  trans: ITrans;
  close: () => void;
}

export class TrustBody extends ReactWidget {
  constructor(private readonly _props: IProps) {
    super();
    this.addClass('jp-Mandrake-form');
  }

  override dispose(): void {
    this._props.model.dispose();
    super.dispose();
  }

  protected render(): JSX.Element {
    return <Trust {...this._props} />;
  }
}

function Trust({ model, trans, close }: IProps): JSX.Element {
  useSignal(model.changed);
  const root = React.useRef<HTMLDivElement>(null);
  const settled = model.known && model.phase !== 'loading';
  React.useEffect(() => {
    if (model.phase === 'done') {
      close();
    }
  }, [model.phase, close]);
  React.useEffect(() => {
    if (settled) {
      root.current?.parentElement?.querySelector<HTMLElement>('.jp-Mandrake-dialog-footer button')?.focus();
    }
  }, [settled, model.changedSince]);
  return (
    <>
      <div className="jp-Mandrake-dialog-body" ref={root}>
        {settled && <Entries model={model} trans={trans} />}
        {model.phase === 'loading' && <Spinner text={trans.__('Loading…')} />}
        {model.failure && (
          <ErrorCard title={model.failure.message} then={model.failure.then}>
            {!model.known && <SmallButton onClick={() => void model.load()}>{trans.__('Try again')}</SmallButton>}
          </ErrorCard>
        )}
      </div>
      <Footer model={model} trans={trans} close={close} />
    </>
  );
}

function Entries({ model, trans }: { model: TrustModel; trans: ITrans }): JSX.Element {
  const { entries } = model;
  if (!entries.length) {
    return <p>{trans.__('Nothing that came with this folder waits for you.')}</p>;
  }
  return (
    <>
      {model.changedSince && (
        <div className="jp-Mandrake-notice">
          <ErrorCard
            title={trans.__('The folder changed while you were reading.')}
            then={trans.__('Nothing was started. This is what it asks for now.')}
          />
        </div>
      )}
      <p className="jp-Mandrake-lead">
        {summary(trans, entries)} <span className="jp-Mandrake-strong">{nothingYet(trans, entries)}</span>{' '}
        {trans.__('Turn on only what you know.')}
      </p>
      {entries.map((entry, i) => (
        <Entry key={entry.id} index={i} entry={entry} model={model} trans={trans} />
      ))}
      <p className="jp-Mandrake-small jp-Mandrake-muted jp-Mandrake-last">
        {trans.__('You are asked again when one of these lines or files changes.')}
      </p>
    </>
  );
}

interface IEntryProps {
  index: number;
  entry: ITrustEntry;
  model: TrustModel;
  trans: ITrans;
}

function Entry({ index, entry, model, trans }: IEntryProps): JSX.Element {
  const id = `jp-Mandrake-trust-${index}`;
  return (
    <div className="jp-Mandrake-entry" data-testid="mandrake-trust-entry" data-id={entry.id} data-name={entry.name}>
      <input
        type="checkbox"
        id={id}
        checked={model.chosen.has(entry.id)}
        aria-describedby={`${id}-command`}
        onChange={() => model.toggle(entry.id)}
      />
      <div>
        <label htmlFor={id} className="jp-Mandrake-hstack">
          <span className="jp-Mandrake-strong">{entryName(trans, entry)}</span>
          {entry.container && (
            <span className="jp-Mandrake-badge">
              <Icon name="box" />
              {trans.__('container')}
            </span>
          )}
          <span className="jp-Mandrake-grow" />
          <span className="jp-Mandrake-small jp-Mandrake-muted">{entry.file}</span>
        </label>
        <p className="jp-Mandrake-small jp-Mandrake-muted" data-testid="mandrake-trust-effect">
          {[changedText(trans, entry, new Date()), effect(trans, entry)].filter(Boolean).join(' ')}
        </p>
        <div
          className={`jp-Mandrake-cmd${entry.kind === 'prompt' ? ' jp-mod-long' : ''}`}
          id={`${id}-command`}
          tabIndex={entry.kind === 'prompt' ? 0 : undefined}
        >
          {entry.command}
        </div>
        {entry.difference.map(difference => (
          <Difference key={difference.file ?? ''} difference={difference} trans={trans} />
        ))}
        {entry.looser.length > 0 && (
          <p className="jp-Mandrake-loosen" data-testid="mandrake-trust-looser">
            <Icon name="triangle" className="is-warn" />
            <span>
              <span className="jp-Mandrake-strong">{trans.__('Looser than usual:')}</span> {entry.looser.join(' ')}
            </span>
          </p>
        )}
        {details(trans, entry).map(line => (
          <p key={line} className="jp-Mandrake-small jp-Mandrake-muted jp-Mandrake-entry-detail">
            {line}
          </p>
        ))}
      </div>
    </div>
  );
}

/** What is another now; the signs say it, not the colours alone. */
function Difference({ difference, trans }: { difference: IDifference; trans: ITrans }): JSX.Element {
  const file = difference.file ?? trans.__('What it starts or sends to');
  const signs = { same: '  ', removed: '- ', added: '+ ' };
  const tags = { same: 'span', removed: 'del', added: 'ins' } as const;
  return (
    <div
      className="jp-Mandrake-diff"
      tabIndex={0}
      role="group"
      aria-label={trans.__('What changed in %1', file)}
      data-testid="mandrake-trust-difference"
    >
      <div className="jp-Mandrake-diff-lines">
        <span className="jp-Mandrake-muted">{file}</span>
        {difference.lines.map(({ kind, text }, i) => {
          const Line = tags[kind];
          return (
            <Line key={i}>
              {signs[kind]}
              {text}
            </Line>
          );
        })}
      </div>
    </div>
  );
}

function Footer({ model, trans, close }: IProps): JSX.Element {
  const count = model.chosen.size;
  const none = model.known && !model.entries.length;
  return (
    <div className="jp-Mandrake-dialog-footer">
      <span className="jp-Mandrake-grow" />
      <FooterButton look="reject" testId="mandrake-trust-reject" onClick={close}>
        {none || !model.known ? trans.__('Close') : trans.__('Keep all off')}
      </FooterButton>
      {!none && (
        <FooterButton
          look="accept"
          testId="mandrake-trust-accept"
          disabled={count === 0}
          busy={model.phase === 'granting'}
          onClick={() => void model.grant()}
        >
          {trans.__('Trust %1 selected', count)}
        </FooterButton>
      )}
    </div>
  );
}
