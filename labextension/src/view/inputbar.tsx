/** The toolbar of the input: model, attach, and Send, which is Stop while an answer is at work. */
import { InputToolbarRegistry } from '@jupyter/chat';
import { FileDialog } from '@jupyterlab/filebrowser';
import React, { useEffect, useReducer } from 'react';

import { Icon } from '../icons';
import { toPackage } from '../model/attachments';
import { CommandIDs } from '../tokens';
import { useChat, useSignal } from './context';
import { openMenu } from './menu';
import { ModelPicker } from './modelpicker';
import { pickResource, resourceServers } from './resources';

type Props = InputToolbarRegistry.IToolbarItemProps;

export function inputToolbar(): InputToolbarRegistry {
  const registry = new InputToolbarRegistry();
  registry.addItem('model', { element: ModelPicker, position: 10 });
  registry.addItem('space', { element: () => <span className="jp-Mandrake-grow" />, position: 20 });
  registry.addItem('attach', { element: Attach, position: 30 });
  registry.addItem('send', { element: SendOrStop, position: 100 });
  return registry;
}

function Attach(props: Props): JSX.Element | null {
  const { model } = props;
  const { chat, commands, mandrake } = useChat();
  const { trans } = mandrake;
  useSignal(chat.changed);
  if (!model.documentManager) {
    return null;
  }
  const attachFile = async () => {
    const files = await FileDialog.getOpenFiles({
      manager: model.documentManager!,
      title: trans.__('Attach files'),
      label: trans.__('The model can read what you attach.')
    });
    for (const file of files.value ?? []) {
      if (file.type === 'notebook') {
        model.addAttachment?.({ type: 'notebook', value: file.path });
      } else if (file.type !== 'directory') {
        model.addAttachment?.({ type: 'file', value: file.path, mimetype: file.mimetype });
      }
    }
    model.focus();
  };
  const attachImage = () => {
    const chooser = document.createElement('input');
    chooser.type = 'file';
    chooser.multiple = true;
    chooser.accept = 'image/png,image/jpeg,image/gif,image/webp';
    chooser.onchange = () => {
      void chat.drafts.addFiles(Array.from(chooser.files ?? []));
      model.focus();
    };
    chooser.click();
  };
  const attachResource = async () => {
    const resource = await pickResource(mandrake);
    if (resource) {
      model.addAttachment?.(toPackage(resource));
    }
    model.focus();
  };
  const open = (anchor: HTMLElement) =>
    openMenu(
      [
        { id: 'file', label: trans.__('Attach file…'), execute: attachFile },
        { id: 'image', label: trans.__('Image from this computer…'), execute: attachImage },
        {
          id: 'cell',
          label: trans.__('Attach the active cell'),
          enabled: commands.isEnabled(CommandIDs.attachCell),
          execute: () => commands.execute(CommandIDs.attachCell)
        },
        {
          id: 'resource',
          label: trans.__('Resource of an MCP server…'),
          enabled: resourceServers(mandrake).length > 0,
          execute: attachResource
        }
      ],
      anchor
    );
  const label = trans.__('Attach file, image, cell or resource');
  return (
    <button
      className="jp-Mandrake-icon"
      aria-label={label}
      title={label}
      aria-haspopup="menu"
      data-testid="mandrake-attach"
      disabled={chat.elsewhere}
      onClick={event => open(event.currentTarget)}
    >
      <Icon name="clip" />
    </button>
  );
}

function SendOrStop(props: Props): JSX.Element {
  const { model, chatCommandRegistry } = props;
  const { chat, mandrake } = useChat();
  const { trans } = mandrake;
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  useSignal(chat.changed);
  useEffect(() => {
    const slot = () => redraw();
    model.valueChanged.connect(slot);
    return () => void model.valueChanged.disconnect(slot);
  }, [model]);
  const live = chat.answering;

  if (live) {
    const label = live.stopping ? trans.__('Stopping…') : trans.__('Stop (Esc)');
    return (
      <button
        className="jp-Mandrake-send"
        aria-label={label}
        title={label}
        disabled={live.stopping}
        data-testid="mandrake-stop"
        onClick={() => {
          chat.stop();
          model.focus();
        }}
      >
        <Icon name="stop" />
      </button>
    );
  }
  const label = trans.__('Send (Enter)');
  const send = async () => {
    await chatCommandRegistry?.onSubmit(model);
    model.send(model.value);
    model.focus();
  };
  return (
    <button
      className="jp-Mandrake-send"
      aria-label={label}
      title={label}
      disabled={!model.value.trim() || chat.elsewhere}
      data-testid="mandrake-send"
      onClick={send}
    >
      <Icon name="send" />
    </button>
  );
}
