/**
 * MCP servers, the files that name them, and trust. Types only.
 */
import type { IErrorBody, ILogLine, IToolSpec, Json, Level, Phase } from './wire';

export interface IMcpServer {
  id: string;
  name: string;
  workspace_id: string;
  transport: 'stdio' | 'docker' | 'http' | 'sse' | 'builtin';
  /** Where it runs, when that is a container. */
  container: IContainer | null;
  origin: string;
  /** Whose word that file is; null for what is built in. */
  level?: Level | null;
  command: string;
  trusted: boolean;
  phase: Phase;
  reason: string;
  error: IErrorBody | null;
  execution_state: 'idle' | 'busy';
  last_activity: string | null;
  connections: number;
  busy: number;
  tools: number | null;
  pid: number | null;
  idle_seconds: number | null;
  culls_at: string | null;
  /** When it is paused, if nobody uses it until then. */
  pauses_at?: string | null;
  /** Bytes. */
  memory: number | null;
  /** Percent of one core. */
  cpu: number | null;
  /** Its entry says that it is not to be used. */
  disabled: boolean;
  sharing: 'workspace' | 'session';
  /** Living processes or connections. */
  instances: number;
  /** Starts after the first one of this run of Jupyter. */
  restarts: number;
  /** Ends that nobody asked for. */
  crashes: number;
  last_crash: string | null;
  needs: INeed[];
}

export interface IContainer {
  image: string;
  /** `none` where it has none. */
  network: string;
  /** That of the engine, while there is one. */
  id: string | null;
  /** Of the whole container; what is not there, or 0, is without limit. */
  limits: { memory_mb?: number; open_files?: number; processes?: number; cpus?: number };
}

export interface ITrustEntry {
  id: string;
  kind: 'mcp-server' | 'model' | 'prompt';
  name: string;
  file: string;
  command: string;
  /** It would run in a container. */
  container: boolean;
  sends_to: string | null;
  hash: string;
  status: 'new' | 'changed';
  /** When what it was before was trusted. */
  changed_since: string | null;
  difference: IDifference[];
  /** Sentences about what is looser than usual. */
  looser: string[];
  needs: INeed[];
}

export interface ITrust {
  pending: ITrustEntry[];
  hash: string;
}

/** What a `${…}` of an entry asks for. Its value goes to the server and never comes back. */
export interface INeed {
  id: string;
  kind: 'secret' | 'input' | 'variable';
  description: string;
  password: boolean;
  options: string[] | null;
  default: string | null;
  /** Where its value is stored; null for what comes from Jupyter's environment. */
  key_name: string | null;
  has_value: boolean;
}

/** How a file, or the command itself (null), differs from what was trusted. */
export interface IDifference {
  file: string | null;
  lines: { kind: 'same' | 'removed' | 'added'; text: string }[];
}

export interface IMcpHealth {
  status: 'ok' | 'failing' | 'asleep' | 'starting' | 'untrusted';
  alive: boolean;
  /** Null when it was not asked. */
  answers: boolean | null;
  answered_ms: number | null;
  checked: string | null;
  last_error: IErrorBody | null;
  starts: number;
  restarts: number;
  crashes: number;
  last_crash: string | null;
  calls: number;
  failed_calls: number;
  busy: number;
  memory: number | null;
  cpu: number | null;
  uptime_seconds: number | null;
}

export interface IToolResult {
  ok: boolean;
  content: string;
  structured: Json;
  duration_ms: number;
  truncated: boolean;
}

export type McpTest =
  | { ok: true; seconds: number; tools: IToolSpec[]; protocol: string | null }
  | { ok: false; error: IErrorBody; log: ILogLine[] };

/** A problem of one of the files that name MCP servers. */
export interface IConfigProblem {
  file: string;
  line: number | null;
  name: string | null;
  message: string;
}

export interface IMcpConfig {
  file: string;
  path: string;
  text: string;
  exists: boolean;
  problems: IConfigProblem[];
}
