/** The plugin of the side panel: puts its parts together and into the shell. */
import {
  ActiveCellManager,
  AttachmentOpenerRegistry,
  ChatCommandRegistry,
  IAttachment,
  SelectionWatcher
} from '@jupyter/chat';
import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, IThemeManager } from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';

import { MandrakeChat } from '../model/chat';
import { PanelModel } from '../model/panel';
import { Places } from '../model/places';
import { SlashCommandProvider } from '../model/slash';
import { Storage } from '../model/storage';
import { IMandrake, IMandrakePanel } from '../tokens';
import { MandrakeChatWidget } from '../view/chatwidget';
import { inputToolbar } from '../view/inputbar';
import { localOnly } from '../view/localonly';
import { MandrakePanel } from '../view/panel';
import { addCommands } from './commands';
import { Wishes } from './wishes';

const ID = 'mandrake-jupyter:plugin';

export const panelPlugin: JupyterFrontEndPlugin<IMandrakePanel> = {
  id: ID,
  description: 'The side panel with the chats of Mandrake.',
  autoStart: true,
  provides: IMandrakePanel,
  requires: [IMandrake, IRenderMimeRegistry],
  optional: [
    ILayoutRestorer,
    INotebookTracker,
    IDocumentManager,
    IThemeManager,
    IStateDB,
    ISettingRegistry,
    ICommandPalette
  ],
  activate: (
    app: JupyterFrontEnd,
    mandrake: IMandrake,
    rmRegistry: IRenderMimeRegistry,
    restorer: ILayoutRestorer | null,
    notebooks: INotebookTracker | null,
    documentManager: IDocumentManager | null,
    themeManager: IThemeManager | null,
    state: IStateDB | null,
    settings: ISettingRegistry | null,
    palette: ICommandPalette | null
  ): IMandrakePanel => {
    const wishes = new Wishes(ID, settings, state);
    const notebook = () => notebooks?.currentWidget?.context.path ?? null;
    const activeCellManager = notebooks && new ActiveCellManager({ tracker: notebooks, shell: app.shell });
    const selectionWatcher = new SelectionWatcher({ shell: app.shell });
    const chatCommandRegistry = new ChatCommandRegistry();
    chatCommandRegistry.addProvider(new SlashCommandProvider(mandrake));
    const openers = attachmentOpeners(app);
    const places = new Places();

    const model = new PanelModel({
      mandrake,
      places,
      isVisible: () => panel.isVisible,
      remember: id => wishes.remember(id),
      createChat: session =>
        new MandrakeChat({
          mandrake,
          session,
          notebook,
          activeCellManager,
          selectionWatcher,
          documentManager,
          config: { sendWithShiftEnter: wishes.sendWithShiftEnter }
        })
    });
    const renderers = localOnly(rmRegistry, mandrake.trans);
    const createWidget = (chat: MandrakeChat) =>
      new MandrakeChatWidget(
        {
          model: chat,
          rmRegistry: renderers,
          themeManager,
          chatCommandRegistry,
          attachmentOpenerRegistry: openers,
          inputToolbarRegistry: inputToolbar(),
          area: 'sidebar'
        },
        {
          mandrake,
          chat,
          commands: app.commands,
          wishes,
          places,
          notebook,
          notebookChanged: notebooks?.currentChanged ?? null
        }
      );
    const storage = new Storage(mandrake, () => panel.isVisible);
    const panel: MandrakePanel = new MandrakePanel({
      model,
      mandrake,
      storage,
      commands: app.commands,
      createWidget,
      onShow: () => {
        void wishes.ready.then(() => model.start(wishes.lastChat));
        model.wake();
        storage.look();
      }
    });
    wishes.changed.connect(() => {
      if (model.chat) {
        model.chat.config = { sendWithShiftEnter: wishes.sendWithShiftEnter };
      }
      panel.update();
    });
    app.shell.add(panel, 'left', { rank: 150 });
    restorer?.add(panel, panel.id);

    const open = async (sessionId?: string) => {
      app.shell.activateById(panel.id);
      await wishes.ready;
      await model.start(sessionId ?? wishes.lastChat);
      if (sessionId) {
        await model.openChat(sessionId);
      }
    };
    const newChat = async () => {
      await open();
      model.newChat();
    };
    addCommands({ app, mandrake, model, panel, notebooks, palette, open, newChat });
    return { open, newChat };
  }
};

/** What a press on an attachment does: it opens the file. */
function attachmentOpeners(app: JupyterFrontEnd): AttachmentOpenerRegistry {
  const openers = new AttachmentOpenerRegistry();
  const open = ({ value }: IAttachment) => {
    if (app.commands.hasCommand('docmanager:open')) {
      void app.commands.execute('docmanager:open', { path: value });
    }
  };
  openers.set('file', open);
  openers.set('notebook', open);
  return openers;
}
