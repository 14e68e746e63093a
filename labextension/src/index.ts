/** The list of plugins; each lives in its own file. */
import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { dialogPlugins } from './dialogs';
import { corePlugin } from './plugins/core';
import { panelPlugin } from './plugins/panel';
import { runningPlugin } from './plugins/running';

export * from './tokens';

const plugins: JupyterFrontEndPlugin<unknown>[] = [corePlugin, panelPlugin, runningPlugin, ...dialogPlugins];
export default plugins;
