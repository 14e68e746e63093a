/** The side panel: header, trouble with the store, and below it the open chat or the list of chats. Owns the widgets it shows. */
import { CommandRegistry } from '@lumino/commands';
import { Message } from '@lumino/messaging';
import { PanelLayout, Widget } from '@lumino/widgets';

import { mandrakeIcon } from '../icons';
import { MandrakeChat } from '../model/chat';
import { PanelModel } from '../model/panel';
import { DraftFault } from '../model/slash';
import { Storage } from '../model/storage';
import { IMandrake } from '../tokens';
import { ChatList } from './chatlist';
import { MandrakeChatWidget } from './chatwidget';
import { Header } from './header';
import { notifyFailure } from './notify';
import { StoreBar } from './storebar';
import { UndoBar } from './undobar';

export interface IMandrakePanelOptions {
  model: PanelModel;
  mandrake: IMandrake;
  storage: Storage;
  commands: CommandRegistry;
  createWidget(chat: MandrakeChat): MandrakeChatWidget;
  /** Called each time the panel is shown. */
  onShow(): void;
}

export class MandrakePanel extends Widget {
  constructor(private readonly _options: IMandrakePanelOptions) {
    super();
    const { model, mandrake } = _options;
    const { trans } = mandrake;
    this.id = 'mandrake-panel';
    this.addClass('jp-Mandrake');
    this.title.icon = mandrakeIcon;
    this.title.caption = 'Mandrake';
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', 'Mandrake');
    this.node.dataset.testid = 'mandrake-panel';

    const menu = { model, api: mandrake.api, commands: _options.commands, trans };
    this._chats = new ChatList({ menu });
    this._status.node.className = 'jp-Mandrake-hidden';
    this._status.node.setAttribute('role', 'status');
    this._status.node.dataset.testid = 'mandrake-status';
    const layout = new PanelLayout();
    this.layout = layout;
    layout.addWidget(new Header({ ..._options, menu }));
    layout.addWidget(new StoreBar({ storage: _options.storage, trans }));
    layout.addWidget(this._chats);
    layout.addWidget(new UndoBar({ model, trans }));
    layout.addWidget(this._status);
    this._chats.hide();
    model.changed.connect(this._onChanged, this);
  }

  /** The widget of the open chat. */
  get current(): MandrakeChatWidget | null {
    return this._current;
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._options.model.dispose();
      super.dispose();
    }
  }

  protected override onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this._options.onShow();
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    if (this.isVisible) {
      this._options.onShow();
    }
  }

  protected override onActivateRequest(): void {
    this._current?.chat.input.focus();
  }

  private _onChanged(model: PanelModel): void {
    const { trans } = this._options.mandrake;
    if (model.chat && this._current?.chat !== model.chat) {
      this._current?.dispose();
      this._current = this._options.createWidget(model.chat);
      model.chat.announced.connect((_, words) => {
        this._status.node.textContent = words;
      });
      model.chat.failed.connect((_, error) => {
        if (!(error instanceof DraftFault)) {
          void notifyFailure(trans, this._options.commands, error);
        }
      });
      (this.layout as PanelLayout).insertWidget(3, this._current);
    }
    this._chats.setHidden(model.view !== 'chats');
    this._current?.setHidden(model.view === 'chats');
  }

  private readonly _chats: ChatList;
  private readonly _status = new Widget();
  private _current: MandrakeChatWidget | null = null;
}
