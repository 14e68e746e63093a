/** The commands of the panel, in the palette under "Mandrake". */
import { JupyterFrontEnd } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';

import { attachCellIcon, mandrakeIcon } from '../icons';
import { duplicate } from '../model/duplicating';
import { PanelModel } from '../model/panel';
import { CommandIDs, IMandrake } from '../tokens';
import { tell } from '../view/asks';
import { MandrakePanel } from '../view/panel';

interface IOptions {
  app: JupyterFrontEnd;
  mandrake: IMandrake;
  model: PanelModel;
  panel: MandrakePanel;
  notebooks: INotebookTracker | null;
  palette: ICommandPalette | null;
  open(sessionId?: string): Promise<void>;
  newChat(): Promise<void>;
}

const NO_ARGUMENTS = { args: { type: 'object', properties: {} } };

export function addCommands(options: IOptions): void {
  const { app, mandrake, model, panel, notebooks, palette, open, newChat } = options;
  const { commands } = app;
  const { trans } = mandrake;

  commands.addCommand(CommandIDs.open, {
    label: trans.__('Open the Mandrake panel'),
    icon: mandrakeIcon,
    describedBy: NO_ARGUMENTS,
    execute: () => open()
  });
  commands.addCommand(CommandIDs.newChat, {
    label: trans.__('New chat'),
    icon: mandrakeIcon,
    describedBy: NO_ARGUMENTS,
    execute: newChat
  });
  commands.addCommand(CommandIDs.openChat, {
    label: trans.__('Open a chat'),
    describedBy: {
      args: {
        type: 'object',
        required: ['session_id'],
        properties: { session_id: { type: 'string', description: trans.__('The id of the chat') } }
      }
    },
    execute: args => open(String(args.session_id))
  });
  commands.addCommand(CommandIDs.duplicateChat, {
    label: trans.__('Duplicate the chat'),
    caption: trans.__('Open a second chat with the same history'),
    describedBy: NO_ARGUMENTS,
    isEnabled: () => (model.chat?.session ?? null) !== null,
    execute: async () => {
      const session = model.chat?.session;
      if (session) {
        await open();
        await duplicate(mandrake, model, session).catch(error => tell(trans, error, trans.__('The chat was not duplicated.')));
      }
    }
  });
  commands.addCommand(CommandIDs.stop, {
    label: trans.__('Stop the answer'),
    describedBy: NO_ARGUMENTS,
    isEnabled: () => (model.chat?.answering ?? null) !== null,
    execute: () => model.chat?.stop()
  });
  commands.addCommand(CommandIDs.focusApproval, {
    label: trans.__('Go to the permission question'),
    describedBy: NO_ARGUMENTS,
    execute: async () => {
      await open();
      model.show('chat');
      const card = panel.node.querySelector<HTMLElement>('.jp-Mandrake-approval');
      card?.scrollIntoView({ block: 'nearest' });
      card?.focus();
    }
  });
  commands.addCommand(CommandIDs.attachCell, {
    label: trans.__('Ask Mandrake about this cell'),
    caption: trans.__('Attach this cell to the next message'),
    icon: attachCellIcon,
    describedBy: NO_ARGUMENTS,
    isEnabled: () => (notebooks?.activeCell ?? null) !== null,
    isVisible: () => notebooks !== null,
    execute: async () => {
      const cell = notebooks?.activeCell;
      const path = notebooks?.currentWidget?.context.path;
      if (!cell || !path) {
        return;
      }
      await open();
      model.show('chat');
      model.chat?.input.addAttachment?.({
        type: 'notebook',
        value: path,
        cells: [{ id: cell.model.id, input_type: cell.model.type as 'code' | 'markdown' | 'raw' }]
      });
      model.chat?.input.focus();
    }
  });

  for (const command of [
    CommandIDs.open,
    CommandIDs.newChat,
    CommandIDs.duplicateChat,
    CommandIDs.stop,
    CommandIDs.focusApproval,
    CommandIDs.attachCell
  ]) {
    palette?.addItem({ command, category: 'Mandrake' });
  }
}
