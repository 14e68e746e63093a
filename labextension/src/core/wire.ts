/**
 * The shapes of docs/reference/wire.md as TypeScript. Types only.
 */
import { Action, IQuestion, IResourceAttachment } from './offerswire';

export * from './feedwire';
export * from './offerswire';
export * from './mcpwire';
export * from './searchwire';
export * from './auditwire';

/** A JSON value as it travels. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** The body of every failed request, and the fields of an `error` event. */
export interface IErrorBody {
  message: string;
  reason: string | null;
  code: string;
  then: string;
  actions: string[];
  retryable: boolean;
  retry_after: number | null;
}

export interface IWorkspace {
  id: string;
  path: string;
  name: string;
  default: boolean;
}

export type Phase = 'new' | 'starting' | 'ready' | 'paused' | 'stopping' | 'stopped' | 'failed';

export interface ISession {
  id: string;
  workspace_id: string;
  name: string;
  titled: boolean;
  notebook: string | null;
  model: string | null;
  created: string;
  last_activity: string;
  execution_state: 'idle' | 'busy' | 'waiting';
  connections: number;
  phase: Phase;
  reason: string;
  /** `elsewhere`: another Jupyter server is at work on it. */
  active_run: { id: string; state: string; elsewhere?: boolean } | null;
  queued: number;
  /** Null while it is in use. */
  idle_seconds: number | null;
  /** When it will be put away if nobody uses it; null for never, or not now. */
  culls_at: string | null;
}

export interface IFileAttachment {
  type: 'file' | 'notebook' | 'cell';
  path: string;
  cell_id?: string;
}

/** To attach an image: a file of the project, or bytes in base64. */
export type IImageToAttach = { type: 'image'; path: string } | { type: 'image'; name: string; data: string };

/** An image of a message; its bytes are at `…/sessions/{s}/images/{id}`. */
export interface IImageAttachment {
  type: 'image';
  id: string;
  name: string;
  media_type: string;
  size: number;
}

export type IAttachment = IFileAttachment | IResourceAttachment | IImageAttachment | IImageToAttach;

export interface IUsage {
  input_tokens: number;
  output_tokens: number;
  cache_read_tokens: number;
  cost: number | null;
}

export interface ITextPart {
  type: 'text' | 'reasoning';
  part: number;
  content: string;
}

export type ToolStatus = 'waiting' | 'running' | 'done' | 'failed' | 'denied' | 'unknown' | 'withdrawn';
export type Decision = 'once' | 'session' | 'workspace' | 'deny';

export interface IToolPart {
  type: 'tool';
  part: number;
  call_id: string;
  server: string;
  tool: string;
  title: string;
  arguments: JsonObject;
  read_only: boolean | null;
  needs_approval: boolean;
  decision: Decision | null;
  by: string | null;
  status: ToolStatus;
  content: string | null;
  error: string | null;
  duration_ms: number | null;
  truncated: boolean;
  input_schema: JsonObject | null;
  /** What may be decided, while it waits. */
  choices?: Decision[] | null;
  /** Open now. */
  question?: IQuestion | null;
  /** Ours, from `toolProgress`; not stored by the server. */
  progress?: { progress: number; total: number | null; message: string | null };
}

export type Part = ITextPart | IToolPart;
export type MessageStatus = 'queued' | 'running' | 'waiting' | 'complete' | 'failed' | 'cancelled';

export interface IMessage {
  id: string;
  session_id: string;
  run_id: string;
  role: 'user' | 'assistant';
  created: string;
  status: MessageStatus;
  model: string | null;
  parts: Part[];
  attachments: IAttachment[];
  usage: IUsage | null;
  finish_reason: string | null;
  error: IErrorBody | null;
  /** The run that took its place; only with `?replaced=true`. */
  replaced_by?: string | null;
  /** While its model is to be asked again. */
  retry?: IRetry | null;
  /** Null when it has ended. */
  seq: number | null;
}

export interface IRun {
  id: string;
  session_id: string;
  state: string;
  message_id: string;
  model: string | null;
  usage: IUsage | null;
  error: IErrorBody | null;
  last_seq: number;
  retry?: IRetry | null;
}

/** The model is asked again `at` that time; `seconds` is 0 where a person did not wait. */
export interface IRetry {
  attempt: number;
  of: number;
  seconds: number;
  at: string;
  code: string;
  content: string;
  then: string;
  actions: string[];
}

export interface IEventBase {
  /** Left out, as the run's id may be, in an error of the stream itself. */
  seq?: number;
  run_id?: string;
  time: string;
}

export type RunEvent = IEventBase &
  (
    | { type: 'start'; session_id: string; message_id: string; user_message_id: string; model: string | null }
    | { type: 'token' | 'reasoning'; content: string; part: number; offset: number }
    | {
        type: 'toolCall';
        call_id: string;
        server: string;
        tool: string;
        title: string;
        arguments: JsonObject;
        part: number;
        read_only: boolean | null;
        needs_approval: boolean;
        input_schema?: JsonObject | null;
        choices?: Decision[] | null;
      }
    | { type: 'approval'; call_id: string; decision: Decision; by: string | null; arguments?: JsonObject }
    | ({ type: 'question' } & IQuestion)
    | { type: 'questionAnswered'; question_id: string; call_id: string; action: Action; by: string }
    | { type: 'toolProgress'; call_id: string; progress: number; total?: number | null; message?: string | null }
    | {
        type: 'toolResult';
        call_id: string;
        ok: boolean;
        status: ToolStatus;
        content?: string | null;
        error?: string | null;
        duration_ms: number | null;
        truncated: boolean;
      }
    | ({ type: 'retry' } & IRetry)
    | ({ type: 'usage' } & IUsage)
    | { type: 'complete'; message_id: string; usage: IUsage | null; finish_reason: string }
    | {
        type: 'error';
        code: string;
        content: string;
        then?: string;
        actions?: string[];
        retryable: boolean;
        retry_after?: number | null;
      }
    | { type: 'cancelled'; by: string | null }
  );

export type ModelState = 'ready' | 'fetching' | 'missing' | 'needs_key';

export interface IModelEntry {
  id: string;
  provider: string;
  model: string;
  name: string;
  tools: boolean;
  /** Null where it is not known: it is tried. */
  images?: boolean | null;
  /** Tokens it can read at once. */
  window?: number | null;
  reasoning?: boolean | null;
  local: boolean;
  state: ModelState;
  detail: string;
  /** Of the file that configures it, and that file; null for what was connected or found. */
  level?: Level | null;
  file?: string | null;
}

export interface IProviderEntry {
  id: string;
  name: string;
  kind: 'key' | 'url' | 'demo';
  host: string | null;
  url: string | null;
  key_name: string | null;
  has_key: boolean;
  key_origin: 'environment' | 'keyring' | 'file' | null;
  key_saved: string | null;
  suggested_models: string[];
}

/** Whose word a configuration file is. */
export type Level = 'system' | 'environment' | 'user' | 'workspace';

export interface IDemoState {
  state: 'ready' | 'fetching' | 'missing' | 'failed' | 'unavailable';
  done_bytes: number;
  total_bytes: number;
  error: IErrorBody | string | null;
}

export interface ICatalogue {
  active: string | null;
  origin: 'user' | 'configuration' | 'environment' | 'ollama' | 'default';
  origin_note: string;
  /** Of the file that says so, where it is configured. */
  origin_level: Level | null;
  origin_file: string | null;
  models: IModelEntry[];
  providers: IProviderEntry[];
  demo: IDemoState;
}

export type ModelTest = { ok: true; first_token_ms: number } | { ok: false; error: IErrorBody };

export interface IToolSpec {
  server: string;
  name: string;
  title: string;
  description: string;
  input_schema: JsonObject;
  read_only: boolean | null;
  destructive: boolean | null;
  idempotent: boolean | null;
  open_world: boolean | null;
}

export interface ILogLine {
  time: string;
  stream: 'stderr' | 'stdout' | 'message' | 'mandrake';
  text: string;
  /** One of the protocol's eight; null for what a program wrote. */
  level: string | null;
  seq: number;
}
