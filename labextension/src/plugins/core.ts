/** The plugin that others build on: REST client, project state, translations. Asks the server for nothing by itself. */
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { MandrakeApi } from '../api';
import { Feed } from '../model/feed';
import { ProjectState } from '../model/project';
import { IMandrake } from '../tokens';

export const corePlugin: JupyterFrontEndPlugin<IMandrake> = {
  id: 'mandrake-jupyter:core',
  description: 'The REST client of Mandrake and the state of the current project.',
  autoStart: true,
  provides: IMandrake,
  optional: [ITranslator],
  activate: (app: JupyterFrontEnd, translator: ITranslator | null): IMandrake => {
    const api = new MandrakeApi(app.serviceManager.serverSettings);
    return {
      api,
      project: new ProjectState(api),
      feed: new Feed(api),
      trans: (translator ?? nullTranslator).load('mandrake_jupyter')
    };
  }
};
