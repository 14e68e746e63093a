/** The list of plugins; each lives in its own file. */
import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { dialogPlugins } from './dialogs';
import { corePlugin } from './plugins/core';

export * from './tokens';

const plugins: JupyterFrontEndPlugin<unknown>[] = [corePlugin, ...dialogPlugins];
export default plugins;
