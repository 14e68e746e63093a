/** The questions asked in a dialog: a chat's name, whether to delete it, whether to cut off what something is at. */
import { Dialog, InputDialog, showDialog, showErrorMessage } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';

import { OFFERED } from '../core/undo';
import { ISession } from '../core/wire';
import { PanelModel } from '../model/panel';
import { errorBodyOf } from '../model/words';

export async function askName(model: PanelModel, session: ISession, trans: TranslationBundle): Promise<void> {
  const answer = await InputDialog.getText({
    title: trans.__('Rename chat'),
    text: session.name,
    okLabel: trans.__('Rename')
  });
  const name = answer.value?.trim();
  if (answer.button.accept && name && name !== session.name) {
    await model.rename(session, name).catch(error => tell(trans, error, trans.__('The chat was not renamed.')));
  }
}

export async function askDelete(model: PanelModel, session: ISession, trans: TranslationBundle): Promise<void> {
  const now = model.current(session);
  const answer = await showDialog({
    title: trans.__('Delete this chat?'),
    body: [
      cutOff(trans, now),
      trans.__('“%1” and its messages will be gone; for %2 seconds you can undo that.', now.name, OFFERED / 1000),
      trans.__('Your files are not affected.')
    ]
      .filter(Boolean)
      .join(' '),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.warnButton({ label: trans.__('Delete') })
    ],
    defaultButton: 0
  });
  if (answer.button.accept) {
    await model.remove(now).catch(error => tell(trans, error, trans.__('The chat was not deleted.')));
  }
}

/** Whether to shut down what is at work; `sentences` say what that cuts off. */
export async function askShutDown(trans: TranslationBundle, title: string, sentences: string[]): Promise<boolean> {
  const answer = await showDialog({
    title,
    body: sentences.join(' '),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.warnButton({ label: trans.__('Shut Down') })
    ],
    defaultButton: 0
  });
  return answer.button.accept;
}

/** Say in a dialog that something failed, and why. */
export function tell(trans: TranslationBundle, error: unknown, title: string): Promise<void> {
  return showErrorMessage(title, errorBodyOf(trans, error).message);
}

/** What deleting a chat ends; null for one that is at rest. */
function cutOff(trans: TranslationBundle, session: ISession): string | null {
  switch (session.execution_state) {
    case 'busy':
      return trans.__('It is answering: the answer is stopped first.');
    case 'waiting':
      return trans.__('It waits for your decision: what it asked for is not done.');
    default:
      return null;
  }
}
