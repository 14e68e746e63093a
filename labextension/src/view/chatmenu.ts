/** What can be done with one chat, wherever it is shown: name it, copy it, see what its tools did, take it along, delete it. */
import { Clipboard } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';

import { ExportFormat, MandrakeApi } from '../api';
import { ISession } from '../core/wire';
import { duplicate } from '../model/duplicating';
import { PanelModel } from '../model/panel';
import { CommandIDs } from '../tokens';
import { askDelete, askName, tell } from './asks';
import { IMenuItem } from './menu';

export interface IChatMenu {
  model: PanelModel;
  api: MandrakeApi;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** The items for `session`; null for a chat that the server does not know yet. */
export function chatItems(options: IChatMenu, session: ISession | null): (IMenuItem | null)[] {
  const { model, commands, trans } = options;
  const item = (id: string, label: string, execute: (session: ISession) => unknown): IMenuItem => ({
    id,
    label,
    enabled: session !== null,
    execute: () => session && execute(session)
  });
  // A name may be given while the menu is open.
  const nameOf = (id: string) => (session?.id === id ? model.current(session).name : '');
  const save = (format: ExportFormat) => (chosen: ISession) => exportChat(options, chosen, format);
  return [
    item('rename', trans.__('Rename chat…'), chosen => askName(model, chosen, trans)),
    item('duplicate', trans.__('Duplicate'), chosen => copy(options, chosen)),
    item('activity', trans.__('Activity…'), ({ id, workspace_id }) =>
      commands.execute(CommandIDs.activity, { session_id: id, workspace_id, name: nameOf(id) })
    ),
    null,
    item('export-markdown', trans.__('Export as Markdown'), save('markdown')),
    item('export-notebook', trans.__('Export as notebook'), save('notebook')),
    item('export-json', trans.__('Export as JSON'), save('json')),
    item('copy', trans.__('Copy as Markdown'), chosen => copyChat(options, chosen)),
    null,
    item('delete', trans.__('Delete chat…'), chosen => askDelete(model, chosen, trans))
  ];
}

async function copy(options: IChatMenu, session: ISession): Promise<void> {
  const { model, trans } = options;
  await duplicate(options, model, session).catch(error => tell(trans, error, trans.__('The chat was not duplicated.')));
}

/** Hand the chat to the browser as a file. */
async function exportChat(options: IChatMenu, session: ISession, format: ExportFormat): Promise<void> {
  const { api, trans } = options;
  try {
    const { name, content } = await api.exportSession(session.workspace_id, session.id, format);
    const link = document.createElement('a');
    link.href = URL.createObjectURL(content);
    link.download = name;
    link.click();
    // The browser has begun to read it by then.
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  } catch (error) {
    await tell(trans, error, trans.__('The chat was not exported.'));
  }
}

async function copyChat(options: IChatMenu, session: ISession): Promise<void> {
  const { api, trans } = options;
  try {
    const { content } = await api.exportSession(session.workspace_id, session.id, 'markdown');
    Clipboard.copyToSystem(await content.text());
  } catch (error) {
    await tell(trans, error, trans.__('The chat was not copied.'));
  }
}
