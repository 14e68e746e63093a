/**
 * Messages that begin with a slash: `/tool SERVER TOOL {json}`, `/prompt SERVER PROMPT {json}`. Taking them apart, writing
 * them, and completing them word by word.
 */
import { JsonObject } from './wire';

export interface IToolCommand {
  server: string;
  tool: string;
  arguments: JsonObject;
}

export interface IPromptCommand {
  server: string;
  prompt: string;
  arguments: Record<string, string>;
}

interface IWords {
  server: string;
  name: string;
  arguments: JsonObject;
}

/** What `/tool …` means; null if the text is something else, an Error with a sentence if it is meant but malformed. */
export function parseTool(text: string): IToolCommand | Error | null {
  const found = parse('/tool', 'TOOL', text);
  return found === null || found instanceof Error
    ? found
    : { server: found.server, tool: found.name, arguments: found.arguments };
}

/** As `parseTool`, for `/prompt …`. */
export function parsePrompt(text: string): IPromptCommand | Error | null {
  const found = parse('/prompt', 'PROMPT', text);
  if (found === null || found instanceof Error) {
    return found;
  }
  const { server, name: prompt, arguments: given } = found;
  return Object.values(given).every(value => typeof value === 'string')
    ? { server, prompt, arguments: given as Record<string, string> }
    : new Error('The arguments of a prompt are texts, such as {"argument": "value"}.');
}

/** Why a message that begins with a slash can't be sent as it is; null where it can. */
export function slashFault(text: string): string | null {
  const found = parseTool(text) ?? parsePrompt(text);
  return found instanceof Error ? found.message : null;
}

function parse(command: string, what: string, text: string): IWords | Error | null {
  const words = /^\s*(\S+)(?:\s+(\S+))?(?:\s+(\S+))?(?:\s+([\s\S]+))?$/.exec(text);
  if (words?.[1] !== command) {
    return null;
  }
  const [, , server, name, json] = words;
  if (!server || !name) {
    return new Error(`Write: ${command} SERVER ${what} {"argument": "value"}`);
  }
  try {
    const value: unknown = json?.trim() ? JSON.parse(json) : {};
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return new Error('The arguments must be a JSON object, such as {"argument": "value"}.');
    }
    return { server, name, arguments: value as JsonObject };
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

/** Which word of a line with a slash the cursor is in. */
export type At =
  | { what: 'command'; word: string }
  | { what: 'server'; command: '/tool' | '/prompt'; word: string }
  | { what: 'tool'; server: string; word: string }
  | { what: 'prompt'; server: string; word: string }
  | IAtValue;

/** Inside the value of a prompt's argument: `raw` is what of it is written, as JSON; `known` are the others before it. */
export interface IAtValue {
  what: 'value';
  server: string;
  prompt: string;
  argument: string;
  raw: string;
  known: Record<string, string>;
  word: string;
}

/** Null when the text before the cursor is no such line, or there is nothing to propose. */
export function completing(before: string): At | null {
  const words = before.trimStart().split(/\s+/);
  const [command, server = '', name = ''] = words;
  if (words.length === 1) {
    return command.startsWith('/') ? { what: 'command', word: command } : null;
  }
  if (command !== '/tool' && command !== '/prompt') {
    return null;
  }
  switch (words.length) {
    case 2:
      return { what: 'server', command, word: server };
    case 3:
      return { what: command === '/tool' ? 'tool' : 'prompt', server, word: name };
    default:
      return command === '/prompt' ? atValue(before, server, name) : null;
  }
}

const PAIR = /"((?:[^"\\]|\\.)*)"\s*:\s*"((?:[^"\\]|\\.)*)"\s*,\s*/y;
const OPEN = /"((?:[^"\\]|\\.)*)"\s*:\s*"((?:[^"\\]|\\.)*)$/y;

function atValue(before: string, server: string, prompt: string): IAtValue | null {
  const start = /^\s*\/prompt\s+\S+\s+\S+\s+\{\s*/.exec(before);
  if (!start) {
    return null;
  }
  const known: Record<string, string> = {};
  let at = start[0].length;
  for (;;) {
    PAIR.lastIndex = OPEN.lastIndex = at;
    const pair = PAIR.exec(before);
    if (!pair) {
      break;
    }
    const [name, value] = [unquoted(pair[1]), unquoted(pair[2])];
    if (name === null || value === null) {
      return null;
    }
    known[name] = value;
    at = PAIR.lastIndex;
  }
  const open = OPEN.exec(before);
  const argument = open && unquoted(open[1]);
  return open && argument !== null
    ? { what: 'value', server, prompt, argument, raw: open[2], known, word: before.split(/\s/).pop() ?? '' }
    : null;
}

function unquoted(raw: string): string | null {
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return null;
  }
}

/** What is written of a value, as it is meant; null in the middle of an escape. */
export function writtenValue(at: IAtValue): string | null {
  return unquoted(at.raw);
}

/**
 * What takes the place of the word at the cursor, so that `value` is the argument's, and the next of `missing` arguments
 * is begun, or the object closed. Null where the value does not go on from what is written.
 */
export function valueInPlace(at: IAtValue, value: string, missing: readonly string[]): string | null {
  const whole = JSON.stringify(value).slice(1, -1);
  if (!whole.toLowerCase().startsWith(at.raw.toLowerCase())) {
    return null;
  }
  const inWord = /\S*$/.exec(at.raw)?.[0] ?? '';
  const head = at.word.slice(0, at.word.length - inWord.length);
  const next = missing.find(name => name !== at.argument && !(name in at.known));
  const tail = next === undefined ? '"}' : `", ${JSON.stringify(next)}: "`;
  return head + whole.slice(at.raw.length - inWord.length) + tail;
}
