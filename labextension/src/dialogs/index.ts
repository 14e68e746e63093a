/** The dialogs' plugins: Connect a model, MCP servers and their file, Trust. */
import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { configPlugin } from './config/plugin';
import { connectPlugin } from './connect/plugin';
import { mcpPlugin } from './mcp/plugin';
import { trustPlugin } from './trust/plugin';

export const dialogPlugins: JupyterFrontEndPlugin<unknown>[] = [connectPlugin, trustPlugin, mcpPlugin, configPlugin];
