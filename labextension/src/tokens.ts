/**
 * Every interface and token that crosses a plugin border, and the ids of the commands. No code beyond that.
 */
import { TranslationBundle } from '@jupyterlab/translation';
import { Token } from '@lumino/coreutils';
import { ISignal } from '@lumino/signaling';

import { MandrakeApi } from './api';
import { FeedEvent, ICatalogue, IMcpServer, ITrust } from './core/wire';

/** Commands. Those marked dialog are registered by the dialogs' plugin; others execute them by id. */
export namespace CommandIDs {
  export const open = 'mandrake:open';
  export const newChat = 'mandrake:new-chat';
  /** args: `{session_id: string}` */
  export const openChat = 'mandrake:open-chat';
  /** A second chat with the history of the open one. */
  export const duplicateChat = 'mandrake:duplicate-chat';
  export const stop = 'mandrake:stop';
  export const focusApproval = 'mandrake:focus-approval';
  export const attachCell = 'mandrake:attach-cell';
  /** dialog; args: `{provider?: string}` preselects a provider (id, or the model id's part before the slash) */
  export const connectModel = 'mandrake:connect-model';
  /** dialog; args: `{name?: string, log?: boolean}` opens one MCP server's row, or its log */
  export const mcpServers = 'mandrake:mcp-servers';
  /** dialog; args: `{file?: string, line?: number, name?: string}` where the cursor is put */
  export const editMcpConfig = 'mandrake:edit-mcp-config';
  /** dialog; args: `{session_id: string, workspace_id: string, name: string}`: what tools did in this chat */
  export const activity = 'mandrake:activity';
  /** dialog; no args */
  export const reviewTrust = 'mandrake:review-trust';
}

/**
 * What is known of the current project, shared by panel and dialogs: one copy, one signal.
 * Whoever changes something at the server puts the answer here (`put…`) or asks for a `refresh`.
 */
export interface IProjectState {
  /** The workspace id in the address: `default` until projects can be chosen. */
  readonly workspace: string;
  readonly catalogue: ICatalogue | null;
  readonly mcpServers: readonly IMcpServer[];
  readonly trust: ITrust | null;
  /** Emitted after any of the above changed. */
  readonly changed: ISignal<IProjectState, void>;
  /** Fetch all again; parts that can't be fetched keep their last value. Never rejects. */
  refresh(): Promise<void>;
  putCatalogue(catalogue: ICatalogue): void;
  putTrust(trust: ITrust): void;
}

/** What happens at the server, as it happens: one connection for the whole page. */
export interface IFeed {
  /** Events arrive; while false, whoever shows something asks for it now and then. */
  readonly live: boolean;
  readonly liveChanged: ISignal<IFeed, void>;
  readonly event: ISignal<IFeed, FeedEvent>;
  /** It is not known what happened before: load lists anew. Emitted at the first connection, too. */
  readonly reset: ISignal<IFeed, void>;
  /** The server's time in milliseconds. */
  now(): number;
  /** Begin to listen; later calls do nothing. */
  start(): void;
}

export interface IMandrake {
  readonly api: MandrakeApi;
  readonly project: IProjectState;
  readonly feed: IFeed;
  readonly trans: TranslationBundle;
}

export const IMandrake = new Token<IMandrake>(
  'mandrake-jupyter:IMandrake',
  'The REST client and the state of the current project, for plugins that add dialogs or views.'
);

/** The side panel as other plugins see it. */
export interface IMandrakePanel {
  /** Show the panel, and the chat with this id if one is given. */
  open(sessionId?: string): Promise<void>;
  newChat(): Promise<void>;
}

export const IMandrakePanel = new Token<IMandrakePanel>('mandrake-jupyter:IMandrakePanel', 'The Mandrake side panel.');
