/**
 * The lines of `GET events`: what happens to chats, MCP servers and projects. Types only.
 */
import type { Phase } from './wire';

export type ResourceKind = 'session' | 'mcp_server' | 'workspace';

/** The first line of `GET events`. */
export interface IFeedHello {
  type: 'hello';
  seq: number;
  /** Another one after each start of the Jupyter server. */
  instance: string;
  reset: boolean;
  time: string;
}

interface IResourceEvent {
  kind: ResourceKind;
  workspace_id: string;
  /** A chat's id, an MCP server's name, a workspace's id. */
  id: string;
}

interface IRunEvent {
  workspace_id: string;
  session_id: string;
  run_id: string;
  state: string;
}

export type FeedEvent = { seq: number; time: string } & (
  | ({ type: 'moved'; old: Phase; new: Phase; reason: string; seconds: number } & IResourceEvent)
  | ({ type: 'culled'; why: string; reason: string; idle_seconds: number | null } & IResourceEvent)
  | ({ type: 'changed'; what: 'created' | 'changed' | 'deleted' } & IResourceEvent)
  | ({ type: 'run' } & IRunEvent)
  | ({ type: 'run_ended'; code: string | null; model: string | null; seconds: number } & IRunEvent)
  | {
      type: 'tool_called';
      workspace_id: string;
      session_id: string;
      server: string;
      transport: string;
      outcome: string;
      seconds: number;
    }
);

export type FeedLine = IFeedHello | FeedEvent;
