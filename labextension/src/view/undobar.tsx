/** The chats and messages that were deleted a moment ago, each with its way back. Stands below whatever the panel shows. */
import { ReactWidget } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import React, { useLayoutEffect, useRef } from 'react';

import { IDeleted, Undo } from '../core/undo';
import { Icon } from '../icons';
import { PanelModel } from '../model/panel';
import { errorBodyOf } from '../model/words';
import { useSignal } from './context';

interface IOptions {
  model: PanelModel;
  trans: TranslationBundle;
}

export class UndoBar extends ReactWidget {
  constructor(private readonly _options: IOptions) {
    super();
    this.addClass('jp-Mandrake-undo');
  }

  override render(): JSX.Element {
    return <Bar {...this._options} />;
  }
}

function Bar({ model, trans }: IOptions): JSX.Element {
  useSignal(model.changed);
  const { undo } = model;
  const box = useFocusKept(undo.deleted);
  return (
    <div
      ref={box}
      role="status"
      data-testid="mandrake-undo-bar"
      onMouseEnter={() => undo.hold(true)}
      onMouseLeave={() => undo.hold(false)}
      onFocus={event => undo.hold(event.target.matches(':focus-visible'))}
      onBlur={() => undo.hold(false)}
    >
      {undo.deleted.map(deleted => (
        <Line key={deleted.id} deleted={deleted} undo={undo} trans={trans} />
      ))}
    </div>
  );
}

function Line(props: { deleted: IDeleted; undo: Undo; trans: TranslationBundle }): JSX.Element {
  const { undo, trans } = props;
  const { id, session, message, restoring, failure } = props.deleted;
  const name = message?.text || session.name || trans.__('New chat');
  return (
    <div className="jp-Mandrake-undo-line">
      <span className="jp-Mandrake-grow jp-Mandrake-ellipsis" title={name}>
        {failure !== null
          ? errorBodyOf(trans, failure).message
          : message
            ? trans.__('Message “%1” was deleted.', name)
            : trans.__('“%1” was deleted.', name)}
      </span>
      <button
        className="jp-Mandrake-btn"
        data-testid="mandrake-undo"
        aria-label={trans.__('Undo: bring back %1', name)}
        aria-busy={restoring}
        onClick={() => void undo.undo(id)}
      >
        {trans.__('Undo')}
      </button>
      <button
        className="jp-Mandrake-icon"
        aria-label={trans.__('Dismiss: %1 stays deleted', name)}
        title={trans.__('Dismiss')}
        onClick={() => undo.forget(id)}
      >
        <Icon name="close" />
      </button>
    </div>
  );
}

/**
 * The focus is never left in nothing: what was deleted held it, so that it comes here; when a line with it goes, it
 * goes on to the chat that is back, to the next line, or to the search field.
 */
function useFocusKept(deleted: readonly IDeleted[]): React.RefObject<HTMLDivElement> {
  const box = useRef<HTMLDivElement>(null);
  const before = useRef<readonly IDeleted[]>([]);
  const inside = box.current?.contains(document.activeElement) ?? false;
  useLayoutEffect(() => {
    const old = before.current;
    before.current = deleted;
    const [gone] = old.filter(one => !deleted.some(({ id }) => id === one.id));
    const panel = box.current?.closest('.jp-Mandrake');
    const undo = [...(box.current?.querySelectorAll<HTMLElement>('[data-testid="mandrake-undo"]') ?? [])].pop();
    if (deleted.length > old.length && (document.activeElement ?? document.body) === document.body) {
      undo?.focus();
    } else if (gone && inside) {
      const back = panel?.querySelector<HTMLElement>(`[data-session="${gone.id}"] .jp-Mandrake-row-name`);
      const input = gone.message && panel?.querySelector<HTMLElement>('[data-testid="mandrake-textarea"]');
      (back ?? undo ?? input ?? panel?.querySelector<HTMLElement>('.jp-Mandrake-search'))?.focus();
    }
  });
  return box;
}
