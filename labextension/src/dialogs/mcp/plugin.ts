/** The command `mandrake:mcp-servers`: the list at the right, made when it is first asked for, gone when closed. */
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { LabIcon } from '@jupyterlab/ui-components';

import { CommandIDs, IMandrake } from '../../tokens';
import { McpServersWidget } from './view';

const plugIcon = new LabIcon({
  name: 'mandrake:mcp-servers',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" width="16" height="16">' +
    '<path class="jp-icon3" fill="#616161" d="M5.3 1.5h1.4V4.3h2.6V1.5h1.4v2.8H12.7v3.2a4.7 4.7 0 0 1-4 4.65v2.35H7.3' +
    'v-2.35a4.7 4.7 0 0 1-4-4.65V4.3h2zM4.7 5.7v1.8a3.3 3.3 0 0 0 6.6 0V5.7z"/></svg>'
});

interface IArgs {
  /** Whose row to open. */
  name?: string;
  /** With its whole log. */
  log?: boolean;
}

export const mcpPlugin: JupyterFrontEndPlugin<void> = {
  id: 'mandrake-jupyter:mcp-servers',
  description: 'The list of MCP servers: start, stop, look into, add.',
  autoStart: true,
  requires: [IMandrake],
  optional: [ICommandPalette],
  activate: (app: JupyterFrontEnd, mandrake: IMandrake, palette: ICommandPalette | null) => {
    const { trans } = mandrake;
    let widget: McpServersWidget | null = null;
    app.commands.addCommand(CommandIDs.mcpServers, {
      label: trans.__('MCP Servers'),
      caption: trans.__('See, start, stop and add MCP servers'),
      icon: plugIcon,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            name: { type: 'string', description: 'Name of the MCP server whose row is opened' },
            log: { type: 'boolean', description: 'Open its log' }
          }
        }
      },
      execute: args => {
        const { name, log } = args as IArgs;
        if (!widget || widget.isDisposed) {
          widget = new McpServersWidget(
            mandrake,
            () => app.commands.execute(CommandIDs.reviewTrust),
            at => app.commands.execute(CommandIDs.editMcpConfig, { ...at })
          );
          widget.id = 'mandrake-mcp-servers';
          widget.title.icon = plugIcon;
          widget.title.caption = trans.__('MCP servers');
          app.shell.add(widget, 'right', { rank: 900 });
        }
        app.shell.activateById(widget.id);
        if (name) {
          widget.model.reveal(name, log ?? false);
        }
      }
    });
    palette?.addItem({ command: CommandIDs.mcpServers, category: trans.__('Mandrake') });
  }
};
