/** The words of a permission card: what its choice means, and what its button does, for the calls that are left on. */
import { ITrans } from './trans';
import { Decision } from './wire';

export type Choice = Exclude<Decision, 'deny'>;

/** `names` are those of the calls left on, of `all` that are asked about. */
export interface IAsked {
  names: readonly string[];
  all: number;
}

/** What happens with this choice: never more than what was left on. */
export function choiceWords(trans: ITrans, choice: Choice, { names, all }: IAsked): string {
  if (names.length === 0) {
    return trans.__('None of them runs.');
  }
  if (choice === 'once') {
    return trans.__('This one time.');
  }
  const who = whoWords(trans, { names, all });
  return choice === 'session'
    ? trans.__('%1 may run for the rest of this chat.', who)
    : trans.__('%1 may run in all chats of this project.', who);
}

export function buttonWords(trans: ITrans, { names, all }: IAsked): string {
  const on = names.length;
  if (on === 0) {
    return trans.__('Deny %1 tools', all);
  }
  if (on < all) {
    return trans.__('Allow %1, deny %2', on, all - on);
  }
  return all === 1 ? trans.__('Allow') : trans.__('Allow %1 tools', all);
}

function whoWords(trans: ITrans, { names, all }: IAsked): string {
  const on = names.length;
  if (on < all) {
    return on === 1 ? trans.__('“%1”', names[0]) : trans.__('The %1 tools that are on', on);
  }
  return all === 1 ? trans.__('This tool') : all === 2 ? trans.__('Both tools') : trans.__('These tools');
}
