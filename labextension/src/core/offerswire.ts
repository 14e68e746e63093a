/**
 * What MCP servers offer inside a chat, as docs/reference/wire.md has it: questions, resources, prompts. Types only.
 */
import { JsonObject } from './wire';

/** A resource of an MCP server; read when the message is posted. */
export interface IResourceAttachment {
  type: 'resource';
  server: string;
  uri: string;
  /** What the chip says. */
  name?: string;
}

export type Action = 'accept' | 'decline' | 'cancel';

/** What an MCP server asks in the middle of a call: a form by `schema`, or a page to open. */
export interface IQuestion {
  question_id: string;
  call_id: string;
  server: string;
  message: string;
  mode: 'form' | 'url';
  schema: JsonObject | null;
  url: string | null;
  expires: string;
}

export interface IResource {
  uri: string;
  name: string;
  title: string;
  description: string;
  mime_type: string;
  size: number | null;
}

export interface IPrompt {
  name: string;
  title: string;
  description: string;
  arguments: { name: string; title: string; description: string; required: boolean }[];
}
