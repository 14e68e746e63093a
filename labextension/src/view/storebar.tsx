/** Above whatever the panel shows, while chats can't be stored: what is so, what is kept, what helps. It goes by itself. */
import { ReactWidget } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { ITrouble } from '../core/storewatch';
import { Icon } from '../icons';
import { Storage } from '../model/storage';
import { useSignal } from './context';

interface IOptions {
  storage: Storage;
  trans: TranslationBundle;
}

export class StoreBar extends ReactWidget {
  constructor(private readonly _options: IOptions) {
    super();
    this.addClass('jp-Mandrake-storebar');
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._options.storage.dispose();
      super.dispose();
    }
  }

  override render(): JSX.Element {
    return <Bar {...this._options} />;
  }
}

/** The live region stands there before it speaks. */
function Bar({ storage, trans }: IOptions): JSX.Element {
  useSignal(storage.changed);
  const { trouble } = storage;
  return <div role="status">{trouble && <Banner trouble={trouble} storage={storage} trans={trans} />}</div>;
}

function Banner({ trouble, storage, trans }: IOptions & { trouble: ITrouble }): JSX.Element {
  return (
    <div className="jp-Mandrake-banner jp-mod-warn" data-testid="mandrake-store-banner" data-code={trouble.code}>
      <Icon name="store" className="is-warn" />
      <div className="jp-Mandrake-grow">
        <div className="jp-Mandrake-strong">{sentence(trouble, trans)}</div>
        <div>
          {trans.__('What was stored is kept, and can be read.')} {trouble.remedy.replace(KEPT, '')}
        </div>
        <div className="jp-Mandrake-banner-actions">
          <button className="jp-Mandrake-btn" data-testid="mandrake-store-look" onClick={() => storage.look()}>
            {trans.__('Look again')}
          </button>
        </div>
      </div>
    </div>
  );
}

/** What a refusal says of it, too. */
const KEPT = /^(What was stored is kept(, and can be read)?|All of them are kept)\.\s*/;

function sentence({ code, message }: ITrouble, trans: TranslationBundle): string {
  switch (code) {
    case 'store_full':
      return trans.__('Nothing can be stored: the disk is full.');
    case 'store_locked':
      return trans.__('Nothing can be stored: another program holds the chat database.');
    case 'store_not_writable':
      return trans.__('Nothing can be stored: the chat database may not be written.');
    case 'store_newer':
      return trans.__('Your chats were stored by a newer version of Mandrake, so they can only be read here.');
    default:
      return message;
  }
}
