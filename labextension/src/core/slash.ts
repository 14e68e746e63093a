/**
 * The `/tool SERVER TOOL {json}` message: taking it apart, writing it, and completing it word by word.
 */
import { JsonObject } from './wire';

export interface IToolCommand {
  server: string;
  tool: string;
  arguments: JsonObject;
}

/** What `/tool …` means; null if the text is something else, an Error with a sentence if it is meant but malformed. */
export function parseTool(text: string): IToolCommand | Error | null {
  const match = /^\s*\/tool(?:\s+(\S+))?(?:\s+(\S+))?(?:\s+([\s\S]+))?$/.exec(text);
  if (!match) {
    return null;
  }
  const [, server, tool, json] = match;
  if (!server || !tool) {
    return new Error('Write: /tool SERVER TOOL {"argument": "value"}');
  }
  try {
    const value: unknown = json?.trim() ? JSON.parse(json) : {};
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return new Error('The arguments must be a JSON object, such as {"argument": "value"}.');
    }
    return { server, tool, arguments: value as JsonObject };
  } catch (error) {
    return new Error(`The arguments are not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function formatTool(command: IToolCommand): string {
  const json = Object.keys(command.arguments).length ? ` ${spaced(command.arguments)}` : ' {}';
  return `/tool ${command.server} ${command.tool}${json}`;
}

/** JSON on one line with a space after colons and commas, as people write it. */
export function spaced(value: unknown): string {
  return JSON.stringify(value, null, 1).replace(/\n\s*/g, ' ').replace(/^([{[]) /, '$1').replace(/ ([}\]])$/, '$1');
}

/** Which word of a `/tool` line the cursor is in; null when the text before it is no such line. */
export function completing(before: string): { what: 'command' | 'server' | 'tool'; server?: string; word: string } | null {
  const words = before.trimStart().split(/\s+/);
  if (words.length === 1) {
    return words[0].startsWith('/') ? { what: 'command', word: words[0] } : null;
  }
  if (words[0] !== '/tool') {
    return null;
  }
  if (words.length === 2) {
    return { what: 'server', word: words[1] };
  }
  return words.length === 3 ? { what: 'tool', server: words[1], word: words[2] } : null;
}
