/** The command `mandrake:edit-mcp-config`: opens the editor, one at a time. */
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IEditorServices } from '@jupyterlab/codeeditor';

import { CommandIDs, IMandrake } from '../../tokens';
import { portsOf } from '../common/failure';
import { Modal } from '../common/modal';
import { ConfigApi } from './api';
import { ConfigModel } from './model';
import { ConfigBody } from './view';
import { IPlace } from './words';

export const configPlugin: JupyterFrontEndPlugin<void> = {
  id: 'mandrake-jupyter:edit-mcp-config',
  description: "The editor of the project's own file of MCP servers, which Lab's file browser does not show.",
  autoStart: true,
  requires: [IMandrake, IEditorServices],
  optional: [ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    mandrake: IMandrake,
    services: IEditorServices,
    palette: ICommandPalette | null
  ) => {
    const { trans } = mandrake;
    let open: Promise<void> | null = null;
    app.commands.addCommand(CommandIDs.editMcpConfig, {
      label: trans.__('Edit the Configuration of MCP Servers…'),
      caption: trans.__('Edit .mandrake/mcp.json of this project'),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            file: { type: 'string', description: 'The file that line and name are of' },
            line: { type: 'number', description: 'The line, from 1, where the cursor is put' },
            name: { type: 'string', description: 'Name of the MCP server whose entry the cursor is put at' }
          }
        }
      },
      execute: args => (open ??= edit(mandrake, services, args as IPlace).finally(() => (open = null)))
    });
    palette?.addItem({ command: CommandIDs.editMcpConfig, category: trans.__('Mandrake') });
  }
};

async function edit(mandrake: IMandrake, services: IEditorServices, place: IPlace): Promise<void> {
  const { trans } = mandrake;
  const model = new ConfigModel(
    portsOf(mandrake, new ConfigApi(mandrake.api.settings)),
    () => void mandrake.project.refresh()
  );
  const loading = model.load();
  await Promise.race([loading, new Promise(resolve => setTimeout(resolve, 400))]);
  const modal: Modal = new Modal({
    title: trans.__('MCP servers of this project'),
    body: new ConfigBody({ model, services, trans, place, close: () => modal.finish() }),
    className: 'jp-Mandrake-edit',
    testId: 'mandrake-config-dialog',
    focus: '.jp-Mandrake-editor [contenteditable]',
    mayDismiss: () => !model.dirty,
    mayEscape: () => model.mayClose()
  });
  await modal.launch();
}
