/** One chat in the list, and how its state is shown: by shape, colour and word. */
import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { ISession } from '../core/wire';
import { Icon, IconName } from '../icons';
import { askDelete, askName } from './asks';
import { chatItems, IChatMenu } from './chatmenu';
import { openMenu } from './menu';

interface IProps {
  menu: IChatMenu;
  session: ISession;
  /** It is the one that is open. */
  here: boolean;
  time: string;
  /** The name of its project, where there are several. */
  project: string | null;
}

/** Drawn again only when something in it changed. */
export const ChatRow = React.memo(function ChatRow(props: IProps): JSX.Element {
  const { menu, session, here, time, project } = props;
  const { model, trans } = menu;
  const [icon, tone, words] = stateOf(session, trans);
  const name = session.name || trans.__('New chat');
  const more = (anchor: HTMLElement, pointer: React.MouseEvent | null = null) =>
    openMenu(chatItems(menu, session), anchor, pointer);
  return (
    <li
      className={`jp-Mandrake-row${here ? ' is-open' : ''}`}
      data-testid="mandrake-chat"
      data-session={session.id}
      onContextMenu={event => {
        // With Shift the browser's own menu comes.
        if (!event.shiftKey) {
          event.preventDefault();
          event.stopPropagation();
          more(event.currentTarget.querySelector('button') ?? event.currentTarget, event);
        }
      }}
      onKeyDown={event => {
        if (event.key === 'F2') {
          event.preventDefault();
          event.stopPropagation();
          void askName(model, session, trans);
        }
      }}
    >
      <div className="jp-Mandrake-row-head">
        <Icon name={icon} className={tone} />
        <button
          className="jp-Mandrake-row-name"
          title={name}
          aria-current={here || undefined}
          onClick={() => void model.openChat(session.id)}
        >
          {name}
        </button>
        <span className="jp-Mandrake-small jp-Mandrake-muted jp-Mandrake-hide-narrow">{time}</span>
        <span className="jp-Mandrake-row-tools">
          <RowTool
            icon="pencil"
            label={trans.__('Rename %1', name)}
            title={trans.__('Rename (F2)')}
            onClick={() => void askName(model, session, trans)}
          />
          <RowTool
            icon="trash"
            label={trans.__('Delete %1', name)}
            title={trans.__('Delete')}
            testid="mandrake-delete"
            onClick={() => void askDelete(model, session, trans)}
          />
          <RowTool
            icon="more"
            label={trans.__('More about %1', name)}
            title={trans.__('More')}
            testid="mandrake-chat-more"
            popup
            onClick={event => more(event.currentTarget)}
          />
        </span>
      </div>
      <RowState words={words} project={project} time={time} />
    </li>
  );
});

/** The second line. In a narrow panel the time stands there. */
export function RowState(props: { words: string; project: string | null; time: string }): JSX.Element {
  const { words, project, time } = props;
  const known = [words, project].filter(Boolean).join(' · ');
  return (
    <div className="jp-Mandrake-row-sub jp-Mandrake-small jp-Mandrake-muted">
      {known && <span>{known}</span>}
      <span className="jp-Mandrake-only-narrow">{time}</span>
    </div>
  );
}

function RowTool(props: {
  icon: IconName;
  label: string;
  title: string;
  testid?: string;
  popup?: boolean;
  onClick(event: React.MouseEvent<HTMLButtonElement>): void;
}): JSX.Element {
  return (
    <button
      className="jp-Mandrake-icon"
      aria-label={props.label}
      title={props.title}
      aria-haspopup={props.popup ? 'menu' : undefined}
      data-testid={props.testid}
      onClick={props.onClick}
    >
      <Icon name={props.icon} />
    </button>
  );
}

/** Icon, its colour, and the words. */
export function stateOf(session: ISession, trans: TranslationBundle): [IconName, string, string] {
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
