/** What is asked before messages are replaced, or a tool runs once more. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';

import { IToolPart } from '../core/wire';

export function askReplace(trans: TranslationBundle): Promise<boolean> {
  return ask(trans, trans.__('Answer again?'), trans.__('What follows is replaced by a new answer.'), trans.__('Answer again'));
}

export function askRunAgain(trans: TranslationBundle, name: string, call: IToolPart): Promise<boolean> {
  const body = trans.__('If it finished the first time, it is now done twice. MCP server: %1.', call.server);
  return ask(trans, trans.__('Run %1 again?', name), body, trans.__('Run again'), true);
}

async function ask(trans: TranslationBundle, title: string, body: string, label: string, warns = false): Promise<boolean> {
  const yes = warns ? Dialog.warnButton({ label }) : Dialog.okButton({ label });
  const buttons = [Dialog.cancelButton({ label: trans.__('Cancel') }), yes];
  const answer = await showDialog({ title, body, buttons, defaultButton: warns ? 0 : 1 });
  return answer.button.accept;
}
