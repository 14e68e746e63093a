/** "Connect a model" as people see it: provider, key or address, model, result of the test, where messages go. */
import { ReactWidget } from '@jupyterlab/apputils';
import * as React from 'react';

import { ITrans } from '../../core/trans';
import { ICatalogue, IProviderEntry } from '../../core/wire';
import { Icon } from '../../icons';
import { ErrorCard, FooterButton, Marked, SmallButton, Spinner, useSignal } from '../common/parts';
import { DemoField } from './demo';
import { destination, destinationText, orderProviders, providerLabel, suggestions, takesKey } from './form';
import { KeyField } from './keyfield';
import { ConnectModel } from './model';
import { TestResult } from './result';

/** Where the focus begins; for a key that is saved already, on "Replace". */
export const FOCUS = {
  key: '#jp-Mandrake-key, #jp-Mandrake-url, .jp-Mandrake-savedkey button',
  provider: '#jp-Mandrake-provider'
};

interface IProps {
  model: ConnectModel;
  trans: ITrans;
  /** Which field gets the focus when the fields appear. */
  focus: 'key' | 'provider';
  close: () => void;
}

export class ConnectBody extends ReactWidget {
  constructor(private readonly _props: IProps) {
    super();
    this.addClass('jp-Mandrake-form');
  }

  override dispose(): void {
    this._props.model.dispose();
    super.dispose();
  }

  protected render(): JSX.Element {
    return <Connect {...this._props} />;
  }
}

function Connect({ model, trans, focus, close }: IProps): JSX.Element {
  useSignal(model.changed);
  const { catalogue, provider } = model;
  React.useEffect(() => {
    if (model.saved) {
      close();
    }
  }, [model.saved, close]);
  return (
    <>
      <div className="jp-Mandrake-dialog-body">
        {catalogue && provider ? (
          <Fields catalogue={catalogue} provider={provider} model={model} trans={trans} focus={focus} />
        ) : model.failure ? null : (
          <Spinner text={trans.__('Loading…')} />
        )}
        {model.failure && (
          <ErrorCard title={model.failure.message} then={model.failure.then}>
            {!catalogue && (
              <SmallButton onClick={() => void model.load()}>{trans.__('Try again')}</SmallButton>
            )}
          </ErrorCard>
        )}
      </div>
      <Footer model={model} trans={trans} close={close} />
    </>
  );
}

interface IFieldsProps {
  catalogue: ICatalogue;
  provider: IProviderEntry;
  model: ConnectModel;
  trans: ITrans;
  focus: 'key' | 'provider';
}

function Fields({ catalogue, provider, model, trans, focus }: IFieldsProps): JSX.Element {
  const root = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => {
    const field = root.current?.querySelector<HTMLElement>(FOCUS[focus]);
    (field ?? root.current?.querySelector<HTMLElement>(FOCUS.provider))?.focus();
  }, [focus]);
  const test = (event: React.KeyboardEvent) => {
    if (event.key === 'Enter' && event.target instanceof HTMLInputElement) {
      event.preventDefault();
      void model.runTest();
    }
  };
  return (
    <div className="jp-Mandrake-vstack" ref={root} onKeyDown={test}>
      <div className="jp-Mandrake-field">
        <label htmlFor="jp-Mandrake-provider">{trans.__('Provider')}</label>
        <select
          id="jp-Mandrake-provider"
          data-testid="mandrake-provider"
          className="jp-Mandrake-input"
          value={provider.id}
          onChange={event => model.choose(event.target.value)}
        >
          {orderProviders(catalogue.providers).map(one => (
            <option key={one.id} value={one.id}>
              {providerLabel(trans, one)}
            </option>
          ))}
        </select>
      </div>
      {provider.kind === 'url' && <UrlField model={model} trans={trans} provider={provider} />}
      {takesKey(provider) && <KeyField key={`key-${provider.id}`} model={model} trans={trans} provider={provider} />}
      {provider.kind === 'demo' ? (
        <DemoField model={model} trans={trans} demo={catalogue.demo} />
      ) : (
        <ModelField model={model} trans={trans} names={suggestions(catalogue, provider)} />
      )}
      <TestResult model={model} trans={trans} provider={provider} />
      <Destination model={model} trans={trans} provider={provider} />
    </div>
  );
}

interface IFieldProps {
  model: ConnectModel;
  trans: ITrans;
  provider: IProviderEntry;
}

function UrlField({ model, trans, provider }: IFieldProps): JSX.Element {
  return (
    <div className="jp-Mandrake-field">
      <label htmlFor="jp-Mandrake-url">{trans.__('Address')}</label>
      <input
        id="jp-Mandrake-url"
        data-testid="mandrake-url"
        className="jp-Mandrake-input"
        type="text"
        inputMode="url"
        spellCheck={false}
        autoComplete="off"
        placeholder={provider.id === 'ollama' ? 'http://localhost:11434' : 'https://llm.example.org/v1'}
        value={model.form.url}
        onChange={event => model.edit({ url: event.target.value })}
      />
    </div>
  );
}

function ModelField({ model, trans, names }: { model: ConnectModel; trans: ITrans; names: string[] }): JSX.Element {
  return (
    <div className="jp-Mandrake-field">
      <label htmlFor="jp-Mandrake-model">{trans.__('Model')}</label>
      <input
        id="jp-Mandrake-model"
        data-testid="mandrake-model-name"
        className="jp-Mandrake-input"
        type="text"
        list="jp-Mandrake-models"
        spellCheck={false}
        autoComplete="off"
        placeholder={trans.__('Name of the model')}
        value={model.form.model}
        onChange={event => model.edit({ model: event.target.value })}
      />
      <datalist id="jp-Mandrake-models">
        {names.map(name => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </div>
  );
}

/** Always there: where what is typed in the chat will go. */
function Destination({ model, trans, provider }: IFieldProps): JSX.Element {
  const to = destination(provider, model.form);
  return (
    <div className="jp-Mandrake-field">
      <span />
      <div className="jp-Mandrake-note" data-testid="mandrake-destination">
        <Icon name="info" className="is-off" />
        <p className="jp-Mandrake-small">
          <Marked text={destinationText(trans, to)}>
            <span className="jp-Mandrake-strong">{to.host}</span>
          </Marked>
          {!to.encrypted && <> {trans.__('Not encrypted on the way: the address begins with http://.')}</>}
        </p>
      </div>
    </div>
  );
}

function Footer({ model, trans, close }: { model: ConnectModel; trans: ITrans; close: () => void }): JSX.Element {
  const testing = model.test.phase === 'testing';
  const refused = model.test.phase === 'refused';
  const hint = model.missing ?? undefined;
  return (
    <div className="jp-Mandrake-dialog-footer">
      <FooterButton
        look="plain"
        testId="mandrake-test"
        disabled={!model.testable}
        busy={testing}
        title={hint}
        onClick={() => void model.runTest()}
      >
        {testing && <Icon name="spinner" />}
        {testing ? trans.__('Testing…') : trans.__('Test')}
      </FooterButton>
      <span className="jp-Mandrake-grow" />
      <FooterButton look="reject" onClick={close}>
        {trans.__('Cancel')}
      </FooterButton>
      <FooterButton
        look="accept"
        testId="mandrake-save"
        disabled={model.missing !== null}
        busy={model.saving}
        title={hint}
        onClick={() => void model.save()}
      >
        {refused ? trans.__('Save anyway') : trans.__('Save')}
      </FooterButton>
    </div>
  );
}
