/** The two rows above: what concerns all chats, and what concerns this one. */
import { ReactWidget } from '@jupyterlab/apputils';
import { MenuSvg } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import React from 'react';

import { Icon, IconName } from '../icons';
import { PanelModel } from '../model/panel';
import { CommandIDs, IMandrake } from '../tokens';
import { askDelete, askName } from './asks';
import { useSignal } from './context';

interface IOptions {
  model: PanelModel;
  mandrake: IMandrake;
  commands: CommandRegistry;
}

export class Header extends ReactWidget {
  constructor(private readonly _options: IOptions) {
    super();
    this.addClass('jp-Mandrake-header');
  }

  override render(): JSX.Element {
    return (
      <>
        <RowOne {...this._options} />
        <RowTwo {...this._options} />
      </>
    );
  }
}

function RowOne(props: IOptions): JSX.Element {
  const { model, mandrake, commands } = props;
  const { project, trans } = mandrake;
  useSignal(model.changed);
  useSignal(project.changed);
  const failed = project.mcpServers.filter(server => server.phase === 'failed').length;
  const needs = failed + (project.trust?.pending.filter(entry => entry.kind === 'mcp-server').length ?? 0);
  return (
    <div className="jp-Mandrake-row1" role="toolbar" aria-label={trans.__('Chats and MCP servers')}>
      <Tool icon="plus" label={trans.__('New chat')} testid="mandrake-new-chat" onClick={() => model.newChat()} />
      <input
        className="jp-Mandrake-search"
        type="search"
        placeholder={trans.__('Search chats')}
        aria-label={trans.__('Search chats')}
        data-testid="mandrake-search"
        value={model.query}
        onChange={event => model.search(event.target.value)}
        onKeyDown={event => {
          if (event.key === 'Escape') {
            event.stopPropagation();
            model.show('chat');
          }
        }}
      />
      <Tool
        icon="bubble"
        label={trans.__('All chats')}
        testid="mandrake-all-chats"
        pressed={model.view === 'chats'}
        onClick={() => model.show(model.view === 'chats' ? 'chat' : 'chats')}
      />
      <Tool
        icon="plug"
        label={needs ? trans._n('MCP servers, %1 needs attention', 'MCP servers, %1 need attention', needs) : trans.__('MCP servers')}
        testid="mandrake-mcp-servers"
        disabled={!commands.hasCommand(CommandIDs.mcpServers)}
        count={needs}
        onClick={() => void commands.execute(CommandIDs.mcpServers)}
      />
      <Tool icon="more" label={trans.__('More')} testid="mandrake-more" popup onClick={anchor => openMore(props, anchor)} />
    </div>
  );
}

function RowTwo(props: IOptions): JSX.Element {
  const { model, mandrake } = props;
  const { trans } = mandrake;
  useSignal(model.changed);
  const session = model.chat?.session ?? null;
  const chats = model.view === 'chats';
  const title = chats ? trans.__('Chats') : session?.name || trans.__('New chat');
  return (
    <div className="jp-Mandrake-row2" role="toolbar" aria-label={chats ? title : trans.__('This chat')}>
      <h2 className="jp-Mandrake-title" title={title} data-testid="mandrake-title">
        {title}
      </h2>
      {session && !chats && (
        <>
          <Tool
            icon="pencil"
            className="jp-Mandrake-hide-narrow"
            label={trans.__('Rename chat')}
            testid="mandrake-rename"
            onClick={() => void askName(model, session, trans)}
          />
          <Tool icon="close" label={trans.__('Close chat')} testid="mandrake-close" onClick={() => model.newChat()} />
        </>
      )}
      {chats && <Tool icon="close" label={trans.__('Back to the chat')} onClick={() => model.show('chat')} />}
    </div>
  );
}

function Tool(props: {
  icon: IconName;
  label: string;
  testid?: string;
  pressed?: boolean;
  popup?: boolean;
  disabled?: boolean;
  count?: number;
  className?: string;
  onClick(anchor: HTMLElement): void;
}): JSX.Element {
  return (
    <button
      className={`jp-Mandrake-tool ${props.className ?? ''}`}
      aria-label={props.label}
      title={props.label}
      aria-pressed={props.pressed}
      aria-haspopup={props.popup ? 'menu' : undefined}
      disabled={props.disabled}
      data-testid={props.testid}
      onClick={event => props.onClick(event.currentTarget)}
    >
      <Icon name={props.icon} />
      {props.count ? (
        <span className="jp-Mandrake-count" aria-hidden="true">
          {props.count}
        </span>
      ) : null}
    </button>
  );
}

function openMore(props: IOptions, anchor: HTMLElement): void {
  const { model, mandrake, commands } = props;
  const { trans } = mandrake;
  const session = model.chat?.session ?? null;
  const own = new CommandRegistry();
  const menu = new MenuSvg({ commands: own });
  const add = (id: string, label: string, execute: () => unknown, isEnabled = true) => {
    own.addCommand(id, { label, execute, isEnabled: () => isEnabled });
    menu.addItem({ command: id });
  };
  const run = (id: string) => () => commands.execute(id);
  add('rename', trans.__('Rename chat…'), () => session && askName(model, session, trans), session !== null);
  add('delete', trans.__('Delete chat…'), () => session && askDelete(model, session, trans), session !== null);
  add('stop', trans.__('Stop'), () => model.chat?.stop(), (model.chat?.answering ?? null) !== null);
  menu.addItem({ type: 'separator' });
  for (const [id, label] of [
    [CommandIDs.connectModel, trans.__('Connect a model…')],
    [CommandIDs.mcpServers, trans.__('MCP servers…')],
    [CommandIDs.reviewTrust, trans.__('Review what came with this folder…')]
  ]) {
    if (commands.hasCommand(id)) {
      add(id, label, run(id), commands.isEnabled(id));
    }
  }
  menu.aboutToClose.connect(() => void setTimeout(() => menu.dispose(), 0));
  const box = anchor.getBoundingClientRect();
  menu.open(box.left, box.bottom);
}
