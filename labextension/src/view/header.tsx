/** The two rows above: what concerns all chats, and what concerns this one. */
import { ReactWidget } from '@jupyterlab/apputils';
import { CommandRegistry } from '@lumino/commands';
import React from 'react';

import { Icon, IconName } from '../icons';
import { PanelModel } from '../model/panel';
import { CommandIDs, IMandrake } from '../tokens';
import { askName } from './asks';
import { chatItems, IChatMenu } from './chatmenu';
import { useSignal } from './context';
import { IMenuItem, openMenu } from './menu';
import { ProjectPicker } from './projectpicker';
import { SearchField } from './searchfield';

interface IOptions {
  model: PanelModel;
  menu: IChatMenu;
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
      <SearchField model={model} trans={trans} />
      {model.found.query && (
        <Tool
          icon="close"
          label={trans.__('Clear search')}
          testid="mandrake-clear-search"
          onClick={anchor => {
            anchor.parentElement?.querySelector<HTMLElement>('.jp-Mandrake-search')?.focus();
            model.search('');
          }}
        />
      )}
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
      {!(model.found.query && model.view === 'chats') && (
        <Tool icon="more" label={trans.__('More')} testid="mandrake-more" popup onClick={anchor => openMore(props, anchor)} />
      )}
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
    <div
      className="jp-Mandrake-row2"
      role="toolbar"
      aria-label={chats ? title : trans.__('This chat')}
      onKeyDown={event => {
        if (event.key === 'F2' && session && !chats) {
          event.preventDefault();
          void askName(model, session, trans);
        }
      }}
    >
      <h2
        className="jp-Mandrake-title"
        title={title}
        data-testid="mandrake-title"
        onDoubleClick={() => session && !chats && void askName(model, session, trans)}
      >
        {title}
      </h2>
      {session && !chats && (
        <>
          <Tool
            icon="pencil"
            className="jp-Mandrake-hide-narrow"
            label={trans.__('Rename chat (F2)')}
            testid="mandrake-rename"
            onClick={() => void askName(model, session, trans)}
          />
          <Tool icon="close" label={trans.__('Close chat')} testid="mandrake-close" onClick={() => model.newChat()} />
        </>
      )}
      {chats && <ProjectPicker model={model} trans={trans} />}
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
  const { model, mandrake, commands, menu } = props;
  const { trans } = mandrake;
  const stop: IMenuItem = {
    id: 'stop',
    label: trans.__('Stop'),
    enabled: (model.chat?.answering ?? null) !== null,
    execute: () => model.chat?.stop()
  };
  const elsewhere = [
    [CommandIDs.connectModel, trans.__('Connect a model…')],
    [CommandIDs.mcpServers, trans.__('MCP servers…')],
    [CommandIDs.reviewTrust, trans.__('Review what came with this folder…')]
  ]
    .filter(([id]) => commands.hasCommand(id))
    .map(([id, label]) => ({ id, label, enabled: commands.isEnabled(id), execute: () => commands.execute(id) }));
  openMenu([stop, null, ...chatItems(menu, model.chat?.session ?? null), null, ...elsewhere], anchor);
}
