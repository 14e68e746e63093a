/** The questions asked in a dialog: a chat's name, whether to delete it, whether to cut off what something is at. */
import { Dialog, InputDialog, showDialog, showErrorMessage } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';

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
    await model.rename(session, name).catch(error => show(trans, error, trans.__('The chat was not renamed.')));
  }
}

export async function askDelete(model: PanelModel, session: ISession, trans: TranslationBundle): Promise<void> {
  const answer = await showDialog({
    title: trans.__('Delete this chat?'),
    body: trans.__('“%1” and its messages will be gone. Your files are not affected.', session.name),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.warnButton({ label: trans.__('Delete') })
    ],
    defaultButton: 0
  });
  if (answer.button.accept) {
    await model.remove(session).catch(error => show(trans, error, trans.__('The chat was not deleted.')));
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

function show(trans: TranslationBundle, error: unknown, title: string): Promise<void> {
  return showErrorMessage(title, errorBodyOf(trans, error).message);
}
