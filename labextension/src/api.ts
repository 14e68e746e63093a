/**
 * The typed client of the REST API. One method a call of docs/reference/wire.md; no retries, no words for users, no state
 * but how many answers are read.
 */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { ISignal, Signal } from '@lumino/signaling';

import { fileName } from './core/disposition';
import { errorBody } from './core/errorbody';
import { readNdjson, StreamLostError } from './core/ndjson';
import { IPage, nextOf } from './core/pages';
import * as wire from './core/wire';

/** The server answered, and said no. `body` is the wire's error body, made up from the status if there was none. */
export class WireError extends Error {
  constructor(
    readonly status: number,
    readonly body: wire.IErrorBody
  ) {
    super(body.message);
    this.name = 'WireError';
  }
}

/** The server could not be reached, or the stream from it broke: no network, or Jupyter is gone. */
export function isConnectionLoss(error: unknown): boolean {
  return error instanceof ServerConnection.NetworkError || error instanceof StreamLostError;
}

/** What a message carries besides its text. */
export interface INewMessage {
  /** Left out where an answer is asked for anew. */
  content?: string;
  /** The message whose place it takes; what follows that is replaced, too. */
  replaces?: string;
  attachments?: wire.IAttachment[];
  model?: string;
  notebook?: string;
}

export type ExportFormat = 'markdown' | 'notebook' | 'json';

/** Milliseconds a stream may be silent; the server's heartbeat is every 10 s. */
const SILENCE = 30_000;

export class MandrakeApi {
  constructor(readonly settings: ServerConnection.ISettings = ServerConnection.makeSettings()) {}

  /** Streams of answers that are open: what may wait leaves the few connections of a browser to them. */
  get answers(): number {
    return this._answers;
  }
  get answersChanged(): ISignal<this, void> {
    return this._answersChanged;
  }
  /** Something was asked for, and refused. */
  get refused(): ISignal<this, wire.IErrorBody> {
    return this._refused;
  }

  // Projects and chats.
  workspaces = () => this.get<wire.IWorkspace[]>('workspaces');
  workspace = (w: string) => this.get<wire.IWorkspace>(at('workspaces', w));
  /** Those used last, more than may be alive. */
  allSessions = () => this.get<wire.ISession[]>('sessions?limit=1000');
  /** A page of the chats of a project, or of all, newest first. */
  sessions = async (w: string | null, after: string | null): Promise<IPage> => {
    const path = w === null ? 'sessions' : at('workspaces', w, 'sessions');
    const response = await this.request(`${path}?${query({ limit: 100, after })}`, { method: 'GET', cache: 'no-store' });
    return { items: (await response.json()) as wire.ISession[], next: nextOf(response.headers.get('Link')) };
  };
  /** What was said in the chats of a project, or of all. */
  search = (q: string, workspace: string | null, limit: number, signal: AbortSignal) =>
    this.get<wire.ISearchAnswer>(`search?${query({ q, workspace, limit })}`, signal);
  session = (w: string, s: string) => this.get<wire.ISession>(at('workspaces', w, 'sessions', s));
  createSession = (w: string, body: { name?: string; model?: string; notebook?: string } = {}) =>
    this.send<wire.ISession>('POST', at('workspaces', w, 'sessions'), body);
  updateSession = (w: string, s: string, body: { name?: string; model?: string | null }) =>
    this.send<wire.ISession>('PATCH', at('workspaces', w, 'sessions', s), body);
  /** For `undo` seconds it can be restored. */
  deleteSession = (w: string, s: string, undo = 0) =>
    this.send<void>('DELETE', `${at('workspaces', w, 'sessions', s)}?undo=${undo}`);
  restoreSession = (w: string, s: string) =>
    this.send<wire.ISession>('POST', at('workspaces', w, 'sessions', s, 'restore'));
  /** The whole chat as a file, with the name the server gives it. */
  exportSession = async (w: string, s: string, format: ExportFormat): Promise<{ name: string; content: Blob }> => {
    const path = `${at('workspaces', w, 'sessions', s, 'export')}?format=${format}`;
    const response = await this.request(path, { method: 'GET', cache: 'no-store' });
    return { name: fileName(response.headers.get('Content-Disposition')), content: await response.blob() };
  };
  /** Let the server forget it until its next use; without `force` a chat at work is left alone (409 `busy`). */
  releaseSession = (w: string, s: string, force: boolean) =>
    this.send<{ released: boolean; freed: string[] }>(
      'POST',
      `${at('workspaces', w, 'sessions', s, 'release')}?force=${force}`
    );

  /** What happens to everything, after `seq` where that is known. Ends only with the connection. */
  feed(seq: number | null, signal: AbortSignal): AsyncGenerator<wire.FeedLine> {
    const path = seq === null ? 'events' : `events?after=${seq}`;
    return this.stream(path, { method: 'GET', signal, cache: 'no-store' });
  }

  // Messages and runs.
  messages = (w: string, s: string) => this.get<wire.IMessage[]>(at('workspaces', w, 'sessions', s, 'messages'));
  run = (w: string, s: string, r: string) => this.get<wire.IRun>(at('workspaces', w, 'sessions', s, 'runs', r));
  cancel = (w: string, s: string, r: string) =>
    this.send<void>('POST', at('workspaces', w, 'sessions', s, 'runs', r, 'cancel'));
  /** Ask the model now, which is to be asked later. */
  retryNow = (w: string, s: string, r: string) =>
    this.send<void>('POST', at('workspaces', w, 'sessions', s, 'runs', r, 'retry'));
  /** For `undo` seconds it can be restored. */
  removeMessage = (w: string, s: string, m: string, undo = 0) =>
    this.send<void>('DELETE', `${at('workspaces', w, 'sessions', s, 'messages', m)}?undo=${undo}`);
  image = async (w: string, s: string, id: string): Promise<Blob> =>
    (await this.request(at('workspaces', w, 'sessions', s, 'images', id), { method: 'GET' })).blob();
  /** A file below Jupyter's root. */
  async file(path: string): Promise<Blob> {
    const url = URLExt.join(this.settings.baseUrl, 'files', URLExt.encodeParts(path));
    const response = await ServerConnection.makeRequest(url, { method: 'GET', cache: 'no-store' }, this.settings);
    if (response.ok) {
      return response.blob();
    }
    throw new WireError(response.status, await errorBody(response));
  }
  decide = (
    w: string,
    s: string,
    r: string,
    call: string,
    body: { decision: wire.Decision; arguments?: wire.JsonObject; reason?: string }
  ) => this.send<wire.IToolPart>('POST', at('workspaces', w, 'sessions', s, 'runs', r, 'approvals', call), body);

  answer = (w: string, s: string, r: string, question: string, body: { action: wire.Action; content?: wire.JsonObject }) =>
    this.send<{ question_id: string; action: wire.Action }>(
      'POST',
      at('workspaces', w, 'sessions', s, 'runs', r, 'questions', question),
      body
    );

  /** Send a message and read the events of its run; `answered` is called with the headers. The same `key` in the same chat is the same run. */
  postMessage(
    w: string,
    s: string,
    message: INewMessage,
    key: string,
    signal: AbortSignal,
    answered: () => void
  ): AsyncGenerator<wire.RunEvent> {
    const init = {
      method: 'POST',
      body: JSON.stringify(message),
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
      signal
    };
    return this.reading(at('workspaces', w, 'sessions', s, 'messages'), init, answered);
  }

  /** Send a message without waiting for anything: the run it became, queued when another is at work. */
  queueMessage = (w: string, s: string, message: INewMessage, key: string) =>
    this.send<wire.IRun>('POST', at('workspaces', w, 'sessions', s, 'messages'), message, {
      'Idempotency-Key': key,
      Prefer: 'respond-async'
    });

  /** The events of a run after `after`, then live ones until the terminal event. */
  events(
    w: string,
    s: string,
    r: string,
    after: number,
    signal: AbortSignal,
    answered: () => void
  ): AsyncGenerator<wire.RunEvent> {
    const path = at('workspaces', w, 'sessions', s, 'runs', r, 'events');
    return this.reading(`${path}?after=${after}`, { method: 'GET', signal, cache: 'no-store' }, answered);
  }

  // Models and keys.
  models = (w: string) => this.get<wire.ICatalogue>(at('workspaces', w, 'models'));
  setActiveModel = (w: string, id: string) =>
    this.send<wire.ICatalogue>('PATCH', at('workspaces', w, 'models'), { active: id });
  addModel = (w: string, body: { provider: string; model: string; url?: string; name?: string }) =>
    this.send<wire.ICatalogue>('POST', at('workspaces', w, 'models'), body);
  testModel = (w: string, body: { provider: string; model: string; key?: string; url?: string }) =>
    this.send<wire.ModelTest>('POST', at('workspaces', w, 'models', 'test'), body);
  fetchDemo = (w: string) => this.send<wire.IDemoState>('POST', at('workspaces', w, 'models', 'demo', 'fetch'));
  saveKey = (name: string, value: string) =>
    this.send<{ name: string; stored_in: 'keyring' | 'file'; where: string }>('PUT', at('settings', 'keys', name), {
      value
    });
  deleteKey = (name: string) => this.send<void>('DELETE', at('settings', 'keys', name));

  // MCP servers and trust.
  allMcpServers = () => this.get<wire.IMcpServer[]>('mcp-servers');
  mcpServers = (w: string) => this.get<wire.IMcpServer[]>(at('workspaces', w, 'mcp-servers'));
  addMcpServer = (w: string, body: { name: string; entry: wire.JsonObject } | { mcpServers: wire.JsonObject }) =>
    this.send<wire.Json>('POST', at('workspaces', w, 'mcp-servers'), body);
  mcpServer = (w: string, name: string) => this.get<wire.IMcpServer>(at('workspaces', w, 'mcp-servers', name));
  removeMcpServer = (w: string, name: string) => this.send<void>('DELETE', at('workspaces', w, 'mcp-servers', name));
  controlMcpServer = (w: string, name: string, action: 'start' | 'stop' | 'restart' | 'pause' | 'resume') =>
    this.send<wire.IMcpServer>('POST', at('workspaces', w, 'mcp-servers', name, action));
  mcpTools = (w: string, name: string) => this.get<wire.IToolSpec[]>(at('workspaces', w, 'mcp-servers', name, 'tools'));
  mcpResources = (w: string, name: string) =>
    this.get<{ resources: wire.IResource[] }>(at('workspaces', w, 'mcp-servers', name, 'resources'));
  mcpPrompts = (w: string, name: string) => this.get<wire.IPrompt[]>(at('workspaces', w, 'mcp-servers', name, 'prompts'));
  complete = (
    w: string,
    name: string,
    body: { ref: { prompt: string }; argument: string; value: string; arguments: Record<string, string> }
  ) => this.send<{ values: string[] }>('POST', at('workspaces', w, 'mcp-servers', name, 'completions'), body);
  trust = (w: string) => this.get<wire.ITrust>(at('workspaces', w, 'trust'));
  grantTrust = (w: string, hash: string, entries: string[]) =>
    this.send<wire.ITrust>('POST', at('workspaces', w, 'trust'), { hash, entries });

  /** GET without the browser's cache: the same address answers differently from one second to the next. */
  protected async get<T>(path: string, signal?: AbortSignal): Promise<T> {
    const response = await this.request(path, { method: 'GET', cache: 'no-store', signal });
    return (await response.json()) as T;
  }

  protected async send<T>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
    signal?: AbortSignal
  ): Promise<T> {
    const response = await this.request(path, {
      method,
      signal,
      headers: { 'Content-Type': 'application/json', Accept: 'application/json', ...headers },
      body: body === undefined ? undefined : JSON.stringify(body)
    });
    const text = await response.text();
    return (text ? JSON.parse(text) : undefined) as T;
  }

  private async *reading(path: string, init: RequestInit, answered: () => void): AsyncGenerator<wire.RunEvent> {
    this._count(1);
    try {
      yield* this.stream<wire.RunEvent>(path, init, answered);
    } finally {
      this._count(-1);
    }
  }

  protected async *stream<T>(path: string, init: RequestInit, answered?: () => void): AsyncGenerator<T> {
    const response = await this.request(path, {
      ...init,
      headers: { ...init.headers, Accept: 'application/x-ndjson' }
    });
    answered?.();
    if (response.body) {
      yield* readNdjson<T>(response.body, SILENCE);
    }
  }

  protected async request(path: string, init: RequestInit): Promise<Response> {
    const url = URLExt.join(this.settings.baseUrl, 'mandrake') + '/' + path;
    const response = await ServerConnection.makeRequest(url, init, this.settings);
    if (response.ok) {
      return response;
    }
    const body = await errorBody(response);
    this._refused.emit(body);
    throw new WireError(response.status, body);
  }

  private _count(change: number): void {
    this._answers += change;
    this._answersChanged.emit();
  }

  private _answers = 0;
  private readonly _answersChanged = new Signal<this, void>(this);
  private readonly _refused = new Signal<this, wire.IErrorBody>(this);
}

/** A path of the REST API. */
export function at(...segments: string[]): string {
  return segments.map(encodeURIComponent).join('/');
}

function query(fields: Record<string, string | number | null>): string {
  const known = Object.entries(fields).filter(([, value]) => value !== null);
  return new URLSearchParams(known.map(([name, value]) => [name, String(value)])).toString();
}
