/** The list of plugins; each lives in its own file. */
import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { dialogPlugins } from './dialogs';
import { corePlugin } from './plugins/core';
import { panelPlugin } from './plugins/panel';

export * from './tokens';

const plugins: JupyterFrontEndPlugin<unknown>[] = [corePlugin, panelPlugin, ...dialogPlugins];
export default plugins;
