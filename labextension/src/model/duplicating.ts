/** A second chat with the same history, opened. */
import { ChatApi } from '../chatapi';
import { ISession } from '../core/wire';
import { IMandrake } from '../tokens';
import { PanelModel } from './panel';

/** Characters of the other's name that the copy's begins with: the server takes no endless ones. */
const LONGEST = 900;

/** Rejects where it was refused. */
export async function duplicate(mandrake: Pick<IMandrake, 'api' | 'trans'>, model: PanelModel, session: ISession): Promise<void> {
  const { api, trans } = mandrake;
  const name = trans.__('%1 (copy)', model.current(session).name.slice(0, LONGEST));
  const made = await new ChatApi(api.settings).copy(session.workspace_id, session.id, name);
  model.chats.put(made);
  await model.openChat(made.id);
}
