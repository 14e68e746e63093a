/** Takes a delete back at the server. */
import { MandrakeApi } from '../api';
import { ChatApi } from '../chatapi';
import { IDeleted } from '../core/undo';
import { ISession } from '../core/wire';

/** The chat as it is then. */
export async function restore(api: MandrakeApi, { session, message }: IDeleted): Promise<ISession> {
  const { workspace_id: workspace, id } = session;
  if (message === null) {
    return api.restoreSession(workspace, id);
  }
  await new ChatApi(api.settings).restoreMessage(workspace, id, message.id);
  return api.session(workspace, id);
}
