/** Of which project the chats are listed and searched. Not there while there is only one. */
import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { Icon } from '../icons';
import { PanelModel } from '../model/panel';
import { openMenu } from './menu';

export function ProjectPicker(props: { model: PanelModel; trans: TranslationBundle }): JSX.Element | null {
  const { model, trans } = props;
  const { projects, scope } = model.chats;
  if (projects.length < 2) {
    return null;
  }
  const name = scope === null ? trans.__('All projects') : (model.chats.projectName(scope) ?? '');
  const open = (anchor: HTMLElement) =>
    openMenu(
      [
        {
          id: 'all',
          label: trans.__('All projects'),
          toggled: scope === null,
          execute: () => model.setScope(null)
        },
        null,
        ...projects.map(project => {
          // The panel's own project is asked for by its short name.
          const id = project.default ? 'default' : project.id;
          return { id: `of-${id}`, label: project.name, toggled: scope === id, execute: () => model.setScope(id) };
        })
      ],
      anchor
    );
  return (
    <button
      className="jp-Mandrake-picker"
      aria-label={trans.__('Project: %1', name)}
      aria-haspopup="menu"
      title={name}
      data-testid="mandrake-project-picker"
      onClick={event => open(event.currentTarget)}
    >
      <Icon name="folder" />
      <span className="jp-Mandrake-ellipsis">{name}</span>
      <Icon name="down" />
    </button>
  );
}
