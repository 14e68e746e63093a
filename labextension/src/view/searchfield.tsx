/** The field that searches all that was said. It keeps the focus while the arrows go through what was found. */
import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { moved } from '../core/pick';
import { PanelModel } from '../model/panel';
import { FOUND_LIST, optionId } from './found';

export function SearchField(props: { model: PanelModel; trans: TranslationBundle }): JSX.Element {
  const { model, trans } = props;
  const { found } = model;
  const shown = model.view === 'chats' && found.options.length > 0;
  const onKeyDown = (event: React.KeyboardEvent<HTMLInputElement>) => {
    if (event.nativeEvent.isComposing) {
      return;
    }
    const next = shown ? moved(found.at, found.options.length, event.key) : null;
    if (next !== null) {
      event.preventDefault();
      found.move(next);
    } else if (event.key === 'Enter' && found.query.trim()) {
      event.preventDefault();
      if (model.view === 'chats') {
        found.choose(option => model.openFound(option));
      } else {
        model.show('chats');
      }
    } else if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      if (found.query) {
        model.search('');
      } else {
        model.show('chat');
        model.chat?.input.focus();
      }
    }
  };
  return (
    <input
      className="jp-Mandrake-search"
      type="text"
      role="combobox"
      aria-autocomplete="list"
      aria-expanded={shown}
      aria-controls={shown ? FOUND_LIST : undefined}
      aria-activedescendant={shown ? optionId(found.at) : undefined}
      autoComplete="off"
      spellCheck={false}
      placeholder={trans.__('Search chats')}
      aria-label={trans.__('Search chats')}
      data-testid="mandrake-search"
      value={found.query}
      onChange={event => model.search(event.target.value)}
      onKeyDown={onKeyDown}
    />
  );
}
