/** The key of a provider: a field while it is typed, a row that names the saved one afterwards. Never filled in. */
import * as React from 'react';

import { ITrans } from '../../core/trans';
import { IProviderEntry } from '../../core/wire';
import { Icon } from '../../icons';
import { SmallButton } from '../common/parts';
import { hasKeyFor, keyHelp, keyIsOptional, savedKeyText } from './form';
import { ConnectModel } from './model';

interface IProps {
  model: ConnectModel;
  trans: ITrans;
  provider: IProviderEntry;
}

export function KeyField({ model, trans, provider }: IProps): JSX.Element {
  const typing = !hasKeyFor(provider, model.form) || model.replacing;
  const input = React.useRef<HTMLInputElement>(null);
  const mounted = React.useRef(false);
  React.useEffect(() => {
    // Replace, Remove and "Clear and paste again" lead here; not the first drawing, nor typing another address.
    const elsewhere = document.activeElement instanceof HTMLInputElement;
    if (typing && mounted.current && !elsewhere) {
      input.current?.focus();
    }
    mounted.current = true;
  }, [typing]);
  return (
    <div className="jp-Mandrake-field">
      {typing ? (
        <label htmlFor="jp-Mandrake-key">{trans.__('Key')}</label>
      ) : (
        <span className="jp-Mandrake-field-name">{trans.__('Key')}</span>
      )}
      {typing ? (
        <div className="jp-Mandrake-hstack">
          <input
            ref={input}
            id="jp-Mandrake-key"
            data-testid="mandrake-key"
            className="jp-Mandrake-input"
            type="password"
            autoComplete="off"
            spellCheck={false}
            placeholder={keyIsOptional(provider) ? trans.__('Only if this address asks for one') : ''}
            aria-describedby="jp-Mandrake-key-help"
            value={model.form.key}
            onChange={event => model.edit({ key: event.target.value })}
          />
          {model.replacing && <SmallButton onClick={() => model.keepKey()}>{trans.__('Keep the old one')}</SmallButton>}
        </div>
      ) : (
        <SavedKey model={model} trans={trans} provider={provider} />
      )}
      <p id="jp-Mandrake-key-help" className="jp-Mandrake-field-help">
        {keyHelp(trans, provider, typing)}
      </p>
    </div>
  );
}

function SavedKey({ model, trans, provider }: IProps): JSX.Element {
  const fixed = provider.key_origin === 'environment';
  if (model.removing) {
    return (
      <div className="jp-Mandrake-hstack jp-Mandrake-savedkey" role="group" aria-label={trans.__('Remove this key?')}>
        <span className="jp-Mandrake-grow">{trans.__('Remove this key? It can’t be brought back.')}</span>
        <SmallButton busy={model.saving} onClick={() => void model.removeKey()}>
          {trans.__('Remove')}
        </SmallButton>
        <SmallButton onClick={() => model.keepKey()}>{trans.__('Keep')}</SmallButton>
      </div>
    );
  }
  return (
    <div className="jp-Mandrake-hstack jp-Mandrake-savedkey" data-testid="mandrake-key-saved">
      <Icon name="key" className="is-off" />
      <span className="jp-Mandrake-grow">{savedKeyText(trans, provider, new Date())}</span>
      <SmallButton onClick={() => model.enterKey()}>{fixed ? trans.__('Use another') : trans.__('Replace')}</SmallButton>
      {!fixed && <SmallButton onClick={() => model.askRemove()}>{trans.__('Remove')}</SmallButton>}
    </div>
  );
}
