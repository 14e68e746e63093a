/** The dialogs' plugins: Connect a model, MCP servers, Trust. */
import { JupyterFrontEndPlugin } from '@jupyterlab/application';

export const dialogPlugins: JupyterFrontEndPlugin<unknown>[] = [];
