/** The command `mandrake:connect-model`: opens the dialog, one at a time. */
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';

import { CommandIDs, IMandrake } from '../../tokens';
import { Modal } from '../common/modal';
import { ConnectModel } from './model';
import { ConnectBody, FOCUS } from './view';

interface IArgs {
  provider?: string;
  focus?: 'key' | 'provider';
}

export const connectPlugin: JupyterFrontEndPlugin<void> = {
  id: 'mandrake-jupyter:connect-model',
  description: 'The dialog that connects a model: provider, key or address, test, save.',
  autoStart: true,
  requires: [IMandrake],
  optional: [ICommandPalette],
  activate: (app: JupyterFrontEnd, mandrake: IMandrake, palette: ICommandPalette | null) => {
    const { trans } = mandrake;
    let open: Promise<boolean> | null = null;
    app.commands.addCommand(CommandIDs.connectModel, {
      label: trans.__('Connect a Model…'),
      caption: trans.__('Choose where answers come from, and enter its key or address'),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            provider: { type: 'string', description: 'Id of a provider, or of one of its models, to begin with' },
            focus: { type: 'string', enum: ['key', 'provider'], description: 'The field to begin in' }
          }
        }
      },
      execute: args => (open ??= connect(mandrake, args as IArgs).finally(() => (open = null)))
    });
    palette?.addItem({ command: CommandIDs.connectModel, category: trans.__('Mandrake') });
  }
};

/** Whether a model was connected. */
async function connect(mandrake: IMandrake, args: IArgs): Promise<boolean> {
  const model = new ConnectModel(mandrake, args.provider, args.focus === 'key');
  const loading = model.load();
  const focus = args.focus ?? (args.provider ? 'key' : 'provider');
  const body = new ConnectBody({ model, trans: mandrake.trans, focus, close: () => modal.finish() });
  const modal: Modal = new Modal({
    title: mandrake.trans.__('Connect a model'),
    body,
    className: 'jp-Mandrake-connect',
    testId: 'mandrake-connect-model',
    focus: FOCUS[focus],
    mayDismiss: () => !model.dirty
  });
  // What comes at once is drawn once.
  await Promise.race([loading, new Promise(resolve => setTimeout(resolve, 400))]);
  await modal.launch();
  return model.saved;
}
