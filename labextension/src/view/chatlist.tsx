/** The list of chats, by day, as far back as one scrolls; in its place what was found, while something is searched. */
import { ReactWidget } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useMemo, useRef } from 'react';

import { byDay, when } from '../core/format';
import { PanelModel } from '../model/panel';
import { ChatRow } from './chatrow';
import { IChatMenu } from './chatmenu';
import { useSignal } from './context';
import { Found } from './found';
import { Skeleton, Trouble } from './listparts';

interface IOptions {
  menu: IChatMenu;
}

export class ChatList extends ReactWidget {
  constructor(private readonly _options: IOptions) {
    super();
    this.addClass('jp-Mandrake-chats');
  }

  override render(): JSX.Element {
    return <View {...this._options} />;
  }
}

function View({ menu }: IOptions): JSX.Element | null {
  const { model, trans } = menu;
  useSignal(model.changed);
  if (model.view !== 'chats') {
    return null;
  }
  const searching = model.found.query.trim() !== '';
  return (
    <>
      <div className="jp-Mandrake-chats-scroll" data-testid="mandrake-chat-scroll">
        {searching ? <Found model={model} trans={trans} /> : <List menu={menu} />}
      </div>
      {searching && model.found.options.length > 0 && (
        <p className="jp-Mandrake-keys jp-Mandrake-small jp-Mandrake-muted">
          {trans.__('↑↓ to move · Enter to open at the message · Esc to clear')}
        </p>
      )}
    </>
  );
}

function List({ menu }: IOptions): JSX.Element {
  const { model, trans } = menu;
  const { chats } = model;
  const { items, failure, scope } = chats;
  const now = new Date();
  const today = now.toDateString();
  // Thousands of chats are sorted only when one of them changed.
  const days = useMemo(() => byDay(items ?? [], new Date(today), text => trans.__(text)), [items, today, trans]);
  const trouble = failure !== null && (
    <Trouble
      words={trans.__('The chats could not be read.')}
      then={failure}
      action={trans.__('Try again')}
      onAction={() => void (items?.length && chats.more ? chats.older() : chats.refresh())}
    />
  );
  if (items === null) {
    return trouble || <Skeleton label={trans.__('Loading')} />;
  }
  if (items.length === 0) {
    return (
      trouble || (
        <p className="jp-Mandrake-none" role="status">
          {trans.__('No chat yet.')}
        </p>
      )
    );
  }
  return (
    <div data-testid="mandrake-chat-list">
      {days.map(day => (
        <section key={day.title} aria-label={day.title}>
          <h3 className="jp-Mandrake-group">{day.title}</h3>
          <ul className="jp-Mandrake-plain">
            {day.sessions.map(session => (
              <ChatRow
                key={session.id}
                menu={menu}
                session={session}
                here={model.chat?.session?.id === session.id}
                time={when(session.last_activity, now)}
                project={scope === null ? chats.projectName(session.workspace_id) : null}
              />
            ))}
          </ul>
        </section>
      ))}
      {trouble}
      {chats.more && failure === null && <Older model={model} trans={trans} count={items.length} />}
    </div>
  );
}

/** Brings the next page when it comes near, or is pressed. */
function Older(props: { model: PanelModel; trans: TranslationBundle; count: number }): JSX.Element {
  const { model, trans, count } = props;
  const box = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    const observer = new IntersectionObserver(
      ([seen]) => {
        if (seen.isIntersecting) {
          void model.chats.older();
        }
      },
      { root: box.current?.closest('.jp-Mandrake-chats-scroll'), rootMargin: '400px' }
    );
    if (box.current) {
      observer.observe(box.current);
    }
    return () => observer.disconnect();
  }, [model, count]);
  return (
    <p ref={box} className="jp-Mandrake-older">
      <button
        className="jp-Mandrake-btn"
        data-testid="mandrake-older"
        aria-busy={model.chats.reading}
        onClick={() => void model.chats.older()}
      >
        {model.chats.reading ? trans.__('Loading…') : trans.__('Show older chats')}
      </button>
    </p>
  );
}
