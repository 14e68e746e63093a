/** The list of chats, by day; what is typed in the search field leaves only the titles that hold it. */
import { ReactWidget } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { byDay, matching, when } from '../core/format';
import { ISession } from '../core/wire';
import { Icon, IconName } from '../icons';
import { PanelModel } from '../model/panel';
import { askDelete, askName } from './asks';
import { useSignal } from './context';

interface IOptions {
  model: PanelModel;
  trans: TranslationBundle;
}

export class ChatList extends ReactWidget {
  constructor(private readonly _options: IOptions) {
    super();
    this.addClass('jp-Mandrake-chats');
  }

  override render(): JSX.Element {
    return <List {...this._options} />;
  }
}

function List(props: IOptions): JSX.Element {
  const { model, trans } = props;
  useSignal(model.changed);
  const now = new Date();
  if (model.sessions === null) {
    return model.failure ? <p className="jp-Mandrake-none">{model.failure}</p> : <Skeleton label={trans.__('Loading')} />;
  }
  const found = matching(model.sessions, model.query);
  if (found.length === 0) {
    return (
      <p className="jp-Mandrake-none" role="status">
        {model.query ? trans.__('No chat holds “%1”.', model.query) : trans.__('No chat yet.')}
      </p>
    );
  }
  return (
    <div data-testid="mandrake-chat-list">
      {model.query && (
        <p className="jp-Mandrake-hidden" role="status">
          {trans._n('%1 chat', '%1 chats', found.length)}
        </p>
      )}
      {byDay(found, now, text => trans.__(text)).map(day => (
        <section key={day.title} aria-label={day.title}>
          <h3 className="jp-Mandrake-group">{day.title}</h3>
          <ul className="jp-Mandrake-plain">
            {day.sessions.map(session => (
              <Row key={session.id} {...props} session={session} now={now} />
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

function Row(props: IOptions & { session: ISession; now: Date }): JSX.Element {
  const { model, trans, session } = props;
  const [icon, tone, words] = stateOf(session, trans);
  const here = model.chat?.session?.id === session.id;
  return (
    <li className={`jp-Mandrake-row${here ? ' is-open' : ''}`} data-testid="mandrake-chat" data-session={session.id}>
      <div className="jp-Mandrake-row-head">
        <Icon name={icon} className={tone} />
        <button
          className="jp-Mandrake-row-name"
          title={session.name}
          aria-current={here || undefined}
          onClick={() => void model.openChat(session.id)}
        >
          {session.name || trans.__('New chat')}
        </button>
        <span className="jp-Mandrake-row-actions">
          <span className="jp-Mandrake-small jp-Mandrake-muted">{when(session.last_activity, props.now)}</span>
          <button
            className="jp-Mandrake-icon"
            aria-label={trans.__('Rename %1', session.name)}
            title={trans.__('Rename')}
            onClick={() => void askName(model, session, trans)}
          >
            <Icon name="pencil" />
          </button>
          <button
            className="jp-Mandrake-icon"
            aria-label={trans.__('Delete %1', session.name)}
            title={trans.__('Delete')}
            data-testid="mandrake-delete"
            onClick={() => void askDelete(model, session, trans)}
          >
            <Icon name="trash" />
          </button>
        </span>
      </div>
      {words && <div className="jp-Mandrake-row-sub jp-Mandrake-small jp-Mandrake-muted">{words}</div>}
    </li>
  );
}

/** State is shape, colour and word. */
function stateOf(session: ISession, trans: TranslationBundle): [IconName, string, string] {
  if (session.execution_state === 'waiting') {
    return ['shield', 'is-busy', trans.__('Waits for you')];
  }
  if (session.execution_state === 'busy') {
    return ['spinner', '', trans.__('Answering')];
  }
  if (session.notebook) {
    return ['notebook', 'is-off', trans.__('Chat of the notebook %1', session.notebook)];
  }
  return ['bubble', 'is-off', ''];
}

function Skeleton(props: { label: string }): JSX.Element {
  return (
    <div className="jp-Mandrake-skeleton" role="status" aria-label={props.label}>
      {Array.from({ length: 6 }, (_, i) => (
        <div key={i} />
      ))}
    </div>
  );
}
