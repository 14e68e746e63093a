/** The dialogs' plugins: Activity, Connect a model, MCP servers and their file, Trust. */
import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { activityPlugin } from './activity/plugin';
import { configPlugin } from './config/plugin';
import { connectPlugin } from './connect/plugin';
import { mcpPlugin } from './mcp/plugin';
import { trustPlugin } from './trust/plugin';

export const dialogPlugins: JupyterFrontEndPlugin<unknown>[] = [connectPlugin, trustPlugin, mcpPlugin, configPlugin, activityPlugin];
