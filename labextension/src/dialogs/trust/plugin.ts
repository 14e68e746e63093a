/** The command `mandrake:review-trust`: opens the dialog, one at a time; never by itself. */
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';

import { CommandIDs, IMandrake } from '../../tokens';
import { Modal } from '../common/modal';
import { TrustModel } from './model';
import { TrustBody } from './view';

export const trustPlugin: JupyterFrontEndPlugin<void> = {
  id: 'mandrake-jupyter:review-trust',
  description: 'The dialog that shows what came with a folder and lets the reader trust it.',
  autoStart: true,
  requires: [IMandrake],
  optional: [ICommandPalette],
  activate: (app: JupyterFrontEnd, mandrake: IMandrake, palette: ICommandPalette | null) => {
    const { trans } = mandrake;
    let open: Promise<boolean> | null = null;
    app.commands.addCommand(CommandIDs.reviewTrust, {
      label: trans.__('Review What Came With This Folder…'),
      caption: trans.__('See the programs and addresses this folder asks for, and trust those you know'),
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => (open ??= review(mandrake).finally(() => (open = null)))
    });
    palette?.addItem({ command: CommandIDs.reviewTrust, category: trans.__('Mandrake') });
  }
};

/** Whether something was trusted. */
async function review(mandrake: IMandrake): Promise<boolean> {
  const { trans } = mandrake;
  const model = new TrustModel(mandrake);
  const loading = model.load();
  await Promise.race([loading, new Promise(resolve => setTimeout(resolve, 400))]);
  const modal: Modal = new Modal({
    title: model.folder ? trans.__('Trust “%1”?', model.folder) : trans.__('Trust this folder?'),
    body: new TrustBody({ model, trans, close: () => modal.finish() }),
    className: 'jp-Mandrake-trust',
    testId: 'mandrake-trust-dialog',
    focus: '.jp-Mandrake-dialog-footer button'
  });
  await modal.launch();
  return model.phase === 'done';
}
