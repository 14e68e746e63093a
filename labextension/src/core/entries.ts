/**
 * The column of a chat as data: what was said, in its order, with what only this page knows about it.
 */
import { blankAnswer } from './reducer';
import { IAttachment, IErrorBody, IMessage, IToolPart, Part } from './wire';

export type IEntry = Readonly<{
  /** Stays the same while the server gives the message its id. */
  key: string;
  message: IMessage;
  /** `Date.now()` milliseconds of the run's begin and end, as this page saw them; null for what came from the store. */
  startedAt: number | null;
  endedAt: number | null;
  /** Why the message could not be handed to the server. */
  failure: IErrorBody | null;
  /** Stop was pressed, the end is not heard of yet. */
  stopping: boolean;
}>;

/** The entries of one chat, as one list that is replaced and never changed in place. */
export class Column {
  entries: readonly IEntry[] = [];

  find(test: (entry: IEntry) => boolean): IEntry | null {
    return this.entries.find(test) ?? null;
  }
  get(key: string): IEntry {
    const entry = this.find(other => other.key === key);
    if (!entry) {
      throw new Error(`no entry ${key}`);
    }
    return entry;
  }
  add(...entries: IEntry[]): void {
    this.entries = [...this.entries, ...entries];
  }
  insertAfter(key: string, entry: IEntry): void {
    this.entries = this.entries.flatMap(other => (other.key === key ? [other, entry] : [other]));
  }
  remove(test: (entry: IEntry) => boolean): void {
    this.entries = this.entries.filter(entry => !test(entry));
  }
  /** Of several entries for the same message of a run only `key` stays: a load may have brought the others. */
  only(key: string): void {
    const { role, run_id: run } = this.get(key).message;
    this.remove(({ key: other, message }) => other !== key && !!run && message.role === role && message.run_id === run);
  }
  patch(key: string, patch: Partial<IEntry>): void {
    this.entries = this.entries.map(entry => (entry.key === key ? { ...entry, ...patch } : entry));
  }
}

export function entryOf(message: IMessage, extra: Partial<IEntry> = {}): IEntry {
  return { key: message.id, message, startedAt: null, endedAt: null, failure: null, stopping: false, ...extra };
}

export function isOpen(message: IMessage): boolean {
  return message.status === 'queued' || message.status === 'running' || message.status === 'waiting';
}

/** A message of the user that the server has not named yet. */
export function ownMessage(
  sessionId: string,
  id: string,
  content: string,
  attachments: IAttachment[],
  queued: boolean
): IMessage {
  return {
    ...blankAnswer(sessionId, '', id, new Date().toISOString()),
    role: 'user',
    status: queued ? 'queued' : 'complete',
    parts: [{ type: 'text', part: 0, content }],
    attachments
  };
}

export function textOf(message: IMessage): string {
  return message.parts
    .filter(part => part.type === 'text')
    .map(part => (part.type === 'text' ? part.content : ''))
    .join('\n\n');
}

/** The first answer that has not ended; answers before others in the queue stand before them. */
export function openAnswer(entries: readonly IEntry[]): IEntry | null {
  return entries.find(({ message }) => message.role === 'assistant' && message.run_id && isOpen(message)) ?? null;
}

/**
 * What the column shows: a question whose answer failed leaves when the same question follows again, as the new one
 * stands in its place; the empty answers of queued messages have nothing to show yet.
 */
export function visible(entries: readonly IEntry[]): IEntry[] {
  const hidden = new Set<IEntry>();
  entries.forEach((entry, i) => {
    const { message } = entry;
    if (message.role === 'assistant' && message.status === 'queued' && message.parts.length === 0) {
      hidden.add(entry);
    }
    const [asked, next] = [entries[i - 1], entries[i + 1]];
    const answered = message.role === 'assistant' && message.status === 'failed';
    if (answered && asked && next && sameQuestion(asked.message, next.message)) {
      hidden.add(asked).add(entry);
    }
    if (entry.failure && next && sameQuestion(message, next.message)) {
      hidden.add(entry);
    }
  });
  return entries.filter(entry => !hidden.has(entry));
}

function sameQuestion(a: IMessage, b: IMessage): boolean {
  return a.role === 'user' && b.role === 'user' && textOf(a) === textOf(b);
}

/** The question of `entry`: the message of the user in its run, or the one before it. */
export function questionOf(entries: readonly IEntry[], entry: IEntry): IEntry | null {
  const until = entries.slice(0, entries.findIndex(other => other.key === entry.key) + 1).reverse();
  return until.find(({ message }) => message.role === 'user') ?? null;
}

/** The MCP server that an error below `entry` is about: that of its last call, or of the question's `/tool`. */
export function serverOf(entries: readonly IEntry[], entry: IEntry): string | null {
  const last = [...entry.message.parts].reverse().find(part => part.type === 'tool');
  if (last?.type === 'tool') {
    return last.server;
  }
  const asked = questionOf(entries, entry);
  return asked ? toolServer(textOf(asked.message)) : null;
}

/** Whether the answer `entry` is the result of a tool that the user called himself, not the words of a model. */
export function isDirect(entries: readonly IEntry[], entry: IEntry): boolean {
  const asked = questionOf(entries, entry);
  return asked !== null && /^\s*\/tool(\s|$)/.test(textOf(asked.message));
}

function toolServer(text: string): string | null {
  return /^\s*\/tool\s+(\S+)/.exec(text)?.[1] ?? null;
}

/** Neighbouring parts that are drawn as one: a question about several calls, or a part alone. */
export type Item =
  | { kind: 'part'; key: string; part: Part }
  | { kind: 'question'; key: string; calls: IToolPart[] };

/**
 * The parts of an answer in their order, waiting calls that stand together as one question.
 * `deciding`: calls whose decision is on its way; they stay in the question until all are through.
 */
export function itemsOf(message: IMessage, deciding: ReadonlySet<string>): Item[] {
  const items: Item[] = [];
  let group: IToolPart[] = [];
  const close = () => {
    const first = group[0];
    const asked = group.filter(call => call.status === 'waiting' || deciding.has(call.call_id));
    for (const call of group) {
      if (!asked.includes(call)) {
        items.push({ kind: 'part', key: `part-${call.part}`, part: call });
      }
    }
    if (asked.length) {
      items.push({ kind: 'question', key: `question-${first.part}`, calls: asked });
    }
    group = [];
  };
  for (const part of message.parts) {
    if (part.type === 'tool' && part.needs_approval) {
      group.push(part);
      continue;
    }
    close();
    items.push({ kind: 'part', key: `part-${part.part}`, part });
  }
  close();
  return items;
}
