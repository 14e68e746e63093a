/** Says in a notification what failed and has no place of its own in the panel. */
import { CommandRegistry } from '@lumino/commands';

import { ITrans } from '../core/trans';
import { errorBodyOf } from '../model/words';

export async function notifyFailure(trans: ITrans, commands: CommandRegistry, error: unknown): Promise<void> {
  await commands.execute('apputils:notify', { type: 'error', message: errorBodyOf(trans, error).message });
}
