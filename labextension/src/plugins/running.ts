/** Chats and MCP servers in Lab's Running sidebar, beside kernels and terminals: see, open, shut down. */
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRunningSessionManagers, IRunningSessions } from '@jupyterlab/running';

import { WireError } from '../api';
import { chatRow, IRow, isAliveChat, isAliveServer, serverRow, shutDownAllText } from '../core/running';
import { ITrans } from '../core/trans';
import { IMcpServer, ISession } from '../core/wire';
import { runningIcons } from '../icons';
import { RunningList } from '../model/running';
import { CommandIDs, IMandrake } from '../tokens';
import { askShutDown } from '../view/asks';
import { notifyFailure } from '../view/notify';

/** Milliseconds after which a list is looked at anew though nothing was told of it: memory grows unannounced. */
const MINUTE = 60_000;

export const runningPlugin: JupyterFrontEndPlugin<void> = {
  id: 'mandrake-jupyter:running',
  description: 'Chats and MCP servers in the list of running things.',
  autoStart: true,
  requires: [IMandrake],
  optional: [IRunningSessionManagers],
  activate: (app: JupyterFrontEnd, mandrake: IMandrake, managers: IRunningSessionManagers | null) => {
    if (managers) {
      managers.add(chats(app, mandrake));
      managers.add(servers(app, mandrake));
    }
  }
};

function chats(app: JupyterFrontEnd, { api, feed, trans }: IMandrake): IRunningSessions.IManager {
  const list = new RunningList<ISession>(feed, {
    kind: 'session',
    all: async () => (await api.allSessions()).filter(isAliveChat),
    some: async (workspace, id) => {
      try {
        return [await api.session(workspace, id)].filter(isAliveChat);
      } catch (error) {
        if (error instanceof WireError && error.status === 404) {
          return [];
        }
        throw error;
      }
    },
    keyOf: session => session.id,
    row: (session, moment) => chatRow(trans, session, moment),
    patience: 5 * MINUTE
  });
  return manager(app, trans, list, {
    name: trans.__('Chats'),
    open: row => app.commands.execute(CommandIDs.openChat, { session_id: row.id }),
    shutDown: async (row, sure) => {
      await api.releaseSession(row.workspace, row.id, sure);
    },
    sure: row =>
      askShutDown(trans, trans.__('Shut down this chat?'), [
        row.cuts || trans.__('“%1” is at work.', row.label),
        trans.__('What was said so far is kept.')
      ]),
    shutDownAllText: rows => shutDownAllText(trans, 'chats', rows)
  });
}

function servers(app: JupyterFrontEnd, { api, feed, trans }: IMandrake): IRunningSessions.IManager {
  const list = new RunningList<IMcpServer>(feed, {
    kind: 'mcp_server',
    all: async () => (await api.allMcpServers()).filter(isAliveServer),
    keyOf: server => server.id,
    row: (server, moment) => serverRow(trans, server, moment),
    patience: MINUTE
  });
  return manager(app, trans, list, {
    name: trans.__('MCP servers'),
    open: row => app.commands.execute(CommandIDs.mcpServers, { name: row.id }),
    shutDown: async row => {
      await api.controlMcpServer(row.workspace, row.id, 'stop');
    },
    sure: row =>
      askShutDown(trans, trans.__('Shut down this MCP server?'), [
        row.cuts,
        trans.__('It is not known then whether that finished.')
      ]),
    shutDownAllText: rows => shutDownAllText(trans, 'servers', rows)
  });
}

interface IPart {
  name: string;
  open(row: IRow): unknown;
  /** Rejects with `busy` when it is at work after all and the user is not `sure`. */
  shutDown(row: IRow, sure: boolean): Promise<void>;
  /** Asks whether what `row` is at may be cut off. */
  sure(row: IRow): Promise<boolean>;
  shutDownAllText(rows: readonly IRow[]): string;
}

function manager<T>(
  app: JupyterFrontEnd,
  trans: ITrans,
  list: RunningList<T>,
  part: IPart
): IRunningSessions.IManager {
  const attempt = async (work: Promise<unknown>) => {
    await work.catch(error => notifyFailure(trans, app.commands, error));
    await list.refresh().catch(() => undefined);
  };
  const one = async (row: IRow) => {
    if (!row.cuts) {
      try {
        return await part.shutDown(row, false);
      } catch (error) {
        if (!(error instanceof WireError) || error.body.code !== 'busy') {
          throw error;
        }
      }
    }
    if (await part.sure(row)) {
      await part.shutDown(row, true);
    }
  };
  const item = (row: IRow): IRunningSessions.IRunningItem => ({
    icon: () => runningIcons[row.icon],
    label: () => row.label,
    labelTitle: () => row.title,
    detail: () => row.detail,
    open: () => void part.open(row),
    shutdown: row.held ? () => void attempt(one(row)) : undefined,
    context: row.key
  });
  const held = () => list.rows.filter(row => row.held);
  void app.restored.then(() => list.start());
  return {
    name: part.name,
    running: () => list.rows.map(item),
    runningChanged: list.changed,
    refreshRunning: () => void list.refresh().catch(error => notifyFailure(trans, app.commands, error)),
    shutdownAll: () => void Promise.all(held().map(row => attempt(part.shutDown(row, true)))),
    shutdownAllConfirmationText: () => part.shutDownAllText(held()),
    supportsMultipleViews: false
  };
}
