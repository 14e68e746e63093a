/** The command `mandrake:activity`: opens the dialog, one at a time, and keeps it true while it is open. */
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { ChatApi } from '../../chatapi';
import { concerns } from '../../core/feed';
import { FeedEvent } from '../../core/wire';
import { CommandIDs, IFeed, IMandrake } from '../../tokens';
import { portsOf } from '../common/failure';
import { Modal } from '../common/modal';
import { ActivityModel } from './model';
import { ActivityBody } from './view';

interface IArguments {
  session_id: string;
  workspace_id: string;
  name?: string;
}

export const activityPlugin: JupyterFrontEndPlugin<void> = {
  id: 'mandrake-jupyter:activity',
  description: 'The dialog that shows what tools did in a chat, and what is allowed in it.',
  autoStart: true,
  requires: [IMandrake],
  activate: (app: JupyterFrontEnd, mandrake: IMandrake) => {
    let open: Promise<void> | null = null;
    app.commands.addCommand(CommandIDs.activity, {
      label: mandrake.trans.__('What Tools Did in a Chat…'),
      describedBy: {
        args: {
          type: 'object',
          required: ['session_id', 'workspace_id'],
          properties: {
            session_id: { type: 'string', description: 'The id of the chat' },
            workspace_id: { type: 'string', description: 'The id of its project' },
            name: { type: 'string', description: 'Its name, for the title' }
          }
        }
      },
      execute: args => (open ??= show(mandrake, args as unknown as IArguments).finally(() => (open = null)))
    });
  }
};

async function show(mandrake: IMandrake, { session_id: session, workspace_id, name }: IArguments): Promise<void> {
  const { api, feed, trans } = mandrake;
  const model = new ActivityModel({ ...portsOf(mandrake, new ChatApi(api.settings)), workspace: workspace_id }, session);
  const happened = (_: IFeed, event: FeedEvent) => {
    const own = event.type === 'tool_called' ? event.session_id === session : concerns(event).id === session;
    if (own) {
      void model.refresh();
    }
  };
  const loading = model.refresh();
  await Promise.race([loading, new Promise(resolve => setTimeout(resolve, 400))]);
  const modal: Modal = new Modal({
    title: name ? trans.__('Activity in “%1”', name) : trans.__('Activity'),
    body: new ActivityBody({ model, trans, close: () => modal.finish() }),
    className: 'jp-Mandrake-activity-dialog',
    testId: 'mandrake-activity-dialog',
    focus: '.jp-Mandrake-dialog-footer button'
  });
  feed.event.connect(happened);
  await modal.launch().finally(() => feed.event.disconnect(happened));
}
