/**
 * A chat as a widget. The package gives the input, its menus, attachments by drag and drop, Markdown with the code
 * toolbar, and the theme; column, cards and banners are ours.
 */
import { Chat, ChatInput, ChatReactContext, ChatWidget } from '@jupyter/chat';
import React, { useEffect, useRef, useState } from 'react';

import { MandrakeChat } from '../model/chat';
import { DraftFault } from '../model/slash';
import { Banners } from './banners';
import { Column } from './column';
import { ChatEnvironment, IChatEnvironment, useChat, useSignal } from './context';
import { Drafts, filesOf } from './drafts';
import { EmptyPage } from './empty';
import { LabTheme } from './theme';

export class MandrakeChatWidget extends ChatWidget {
  constructor(
    private readonly _chat: Chat.IOptions,
    private readonly _environment: IChatEnvironment
  ) {
    super(_chat);
    this.id = `mandrake-chat-${_environment.chat.input.id}`;
    this.title.caption = 'Mandrake';
    this.addClass('jp-Mandrake-chat');
  }

  get chat(): MandrakeChat {
    return this._environment.chat;
  }

  override render(): JSX.Element {
    return (
      <LabTheme themeManager={this._chat.themeManager ?? null}>
        <ChatReactContext.Provider value={this._chat}>
          <ChatEnvironment.Provider value={this._environment}>
            <View />
          </ChatEnvironment.Provider>
        </ChatReactContext.Provider>
      </LabTheme>
    );
  }
}

function View(): JSX.Element {
  const { chat } = useChat();
  useSignal(chat.changed);
  const empty = chat.loaded && !chat.loadFailure && chat.entries.length === 0;
  return (
    <div className="jp-Mandrake-view jp-ThemedContainer" onKeyDown={event => onEscape(event, chat)}>
      <Banners />
      {empty ? <EmptyPage /> : <Column />}
      <Input />
    </div>
  );
}

/** The package's input; its words can't be given, so they are set on the element. */
function Input(): JSX.Element {
  const { chat, mandrake } = useChat();
  const { trans } = mandrake;
  const box = useRef<HTMLDivElement>(null);
  const busy = chat.answering !== null;
  const { elsewhere } = chat;
  useEffect(() => {
    const field = box.current?.querySelector<HTMLTextAreaElement>('textarea:not([aria-hidden])');
    if (field) {
      field.placeholder = elsewhere
        ? trans.__('At work in another Jupyter: read only here')
        : busy
          ? trans.__('Next message, sent after this answer')
          : trans.__('Type a message, / for more');
      field.readOnly = elsewhere;
      field.setAttribute('aria-label', trans.__('Message'));
      field.setAttribute('data-testid', 'mandrake-textarea');
    }
  });
  const fault = useDraftFault();
  const take = (event: React.SyntheticEvent, data: DataTransfer) => {
    const files = filesOf(data);
    if (files.length && !elsewhere) {
      event.preventDefault();
      event.stopPropagation();
      void chat.drafts.addFiles(files);
    }
  };
  return (
    <div
      ref={box}
      className={`jp-Mandrake-input-box${elsewhere ? ' jp-mod-off' : ''}`}
      data-testid="mandrake-input"
      onKeyDownCapture={accept}
      onPasteCapture={event => take(event, event.clipboardData)}
      onDragOver={event => event.dataTransfer.types.includes('Files') && event.preventDefault()}
      onDrop={event => take(event, event.dataTransfer)}
    >
      {fault && (
        <p role="alert" className="jp-Mandrake-small jp-Mandrake-problem" data-testid="mandrake-draft-fault">
          {fault}
        </p>
      )}
      <Drafts />
      <ChatInput model={chat.input} />
    </div>
  );
}

/** Why what stands in the input was not sent, until it is changed. */
function useDraftFault(): string | null {
  const { chat } = useChat();
  const [fault, setFault] = useState<{ text: string; of: string } | null>(null);
  useEffect(() => {
    const failed = (_: MandrakeChat, error: unknown) => {
      if (error instanceof DraftFault) {
        setFault({ text: error.message, of: chat.input.value });
      }
    };
    const changed = (_: unknown, value: string) => setFault(now => (now && now.of !== value && value !== '' ? null : now));
    chat.failed.connect(failed);
    chat.input.valueChanged.connect(changed);
    return () => {
      chat.failed.disconnect(failed);
      chat.input.valueChanged.disconnect(changed);
    };
  }, [chat]);
  return fault && fault.text;
}

/** Enter and Tab take what the menu highlights. Left alone, Enter would take the half-typed word and clear the input. */
function accept(event: React.KeyboardEvent): void {
  if (isComposing(event)) {
    // The key is the input method's: the package would send on Enter.
    event.stopPropagation();
    return;
  }
  if ((event.key !== 'Enter' && event.key !== 'Tab') || event.shiftKey || !(event.target instanceof Element)) {
    return;
  }
  const field = event.target;
  const highlighted = field.getAttribute('aria-expanded') === 'true' && field.getAttribute('aria-activedescendant');
  const option = highlighted && document.getElementById(highlighted);
  if (option) {
    event.preventDefault();
    event.stopPropagation();
    option.click();
  }
}

function isComposing({ nativeEvent }: React.KeyboardEvent): boolean {
  return nativeEvent.isComposing || nativeEvent.keyCode === 229;
}

/** Escape stops the answer; where there is none to stop, it leaves the input. */
function onEscape(event: React.KeyboardEvent, chat: MandrakeChat): void {
  if (event.key !== 'Escape' || event.defaultPrevented || isComposing(event)) {
    return;
  }
  const field = event.target instanceof Element ? event.target.closest('input, textarea, select') : null;
  const card = field?.closest<HTMLElement>('.jp-Mandrake-approval, .jp-Mandrake-question');
  if (card) {
    // What was written there would be gone: the first press only leaves the field.
    event.preventDefault();
    event.stopPropagation();
    card.focus({ preventScroll: true });
  } else if (chat.answering && !chat.answering.stopping) {
    event.preventDefault();
    event.stopPropagation();
    chat.stop();
  } else if (document.activeElement instanceof HTMLElement && event.currentTarget.contains(document.activeElement)) {
    document.activeElement.blur();
  }
}
