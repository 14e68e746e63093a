/** The record of tool calls, and what `health/ready` finds. Types only. */
import type { JsonObject } from './wire';

/** What was asked of a tool, who decided what, what came of it. */
export interface IAuditRecord {
  id: number;
  session_id: string;
  run_id: string;
  call_id: string;
  server: string;
  tool: string;
  schema_hash: string;
  arguments: JsonObject;
  /** A person changed the arguments. */
  edited: boolean;
  asked: string;
  decision: string | null;
  by: string | null;
  reason: string | null;
  decided: string | null;
  outcome: string | null;
  finished: string | null;
}

export interface IFinding {
  code: string;
  level: 'error' | 'warning';
  message: string;
  remedy: string;
}

export interface IReadiness {
  status: 'ready' | 'not_ready';
  findings: IFinding[];
}
