/**
 * What the store says of a chat and what this page knows of it, as one column. Pure; decides nothing about reading.
 */
import { entryOf, IEntry, isOpen } from './entries';
import { blankAnswer } from './reducer';
import { IMessage, ISession } from './wire';

export interface IPage {
  /** The column as it is. */
  known: readonly IEntry[];
  /** The key of the answer that is being read: the page is ahead of the store with it. */
  live?: string | null;
  /** The keys that were there when the store was asked: it can't know of later ones. */
  before?: ReadonlySet<string>;
}

/**
 * The entries of a stored chat. A run that has no answer in the store yet gets an empty one. Keys stay with their
 * messages, so that what is on the page stays in place. What only this page knows is kept: messages the server has
 * not taken, the answer being read with its question, and whatever was added while the store was asked.
 */
export function entriesOf(messages: readonly IMessage[], session: ISession, page: IPage = { known: [] }): IEntry[] {
  const { known, live = null } = page;
  const entries = withAnswers(messages, session).map(message => joined(message, match(message, known), live));
  const placed = new Set(entries.map(entry => entry.key));
  const run = known.find(entry => entry.key === live)?.message.run_id;
  known.forEach((entry, i) => {
    if (!placed.has(entry.key) && isOurs(entry, page, run)) {
      const after = new Set(known.slice(i + 1).map(other => other.key));
      const next = entries.findIndex(other => after.has(other.key) && placed.has(other.key));
      entries.splice(next < 0 ? entries.length : next, 0, entry);
    }
  });
  return entries;
}

/** Whether `run` is over as far as this page could tell: there is no use in reading it again. */
export function isOver(entries: readonly IEntry[], run: string): boolean {
  return entries.some(({ message }) => message.role === 'assistant' && message.run_id === run && !isOpen(message));
}

/** The stored messages, with an empty answer for the run at work and for those in the queue. */
function withAnswers(messages: readonly IMessage[], session: ISession): IMessage[] {
  const answered = new Set(messages.filter(({ role }) => role === 'assistant').map(({ run_id }) => run_id));
  const active = session.active_run?.id ?? null;
  const list = messages.flatMap(message => {
    const { role, run_id: run } = message;
    if (role === 'user' && run && !answered.has(run) && (run === active || message.status === 'queued')) {
      answered.add(run);
      const blank = blankAnswer(session.id, run, `answer-${run}`, session.last_activity);
      return [message, run === active ? blank : { ...blank, status: 'queued' as const }];
    }
    return [message];
  });
  return active && !answered.has(active)
    ? [...list, blankAnswer(session.id, active, `answer-${active}`, session.last_activity)]
    : list;
}

function match(message: IMessage, known: readonly IEntry[]): IEntry | undefined {
  const { id, role, run_id: run } = message;
  return (
    known.find(other => other.message.id === id) ??
    (run ? known.find(other => other.message.role === role && other.message.run_id === run) : undefined)
  );
}

/** The entry of a stored message. What has ended on the page stays so until the store says how. */
function joined(message: IMessage, before: IEntry | undefined, live: string | null): IEntry {
  if (!before) {
    return entryOf(message);
  }
  const ended = message.role === 'assistant' && !isOpen(before.message) && isOpen(message);
  if (before.key === live || ended) {
    return before;
  }
  const same = before.failure === null && JSON.stringify(before.message) === JSON.stringify(message);
  return same ? before : { ...before, message, failure: null, stopping: before.stopping && isOpen(message) };
}

/** Whether the store need not know `entry`. */
function isOurs(entry: IEntry, { live, before }: IPage, run: string | undefined): boolean {
  const { key, message } = entry;
  const unsent = message.role === 'user' && !message.run_id;
  return key === live || unsent || (!!run && message.run_id === run) || (before !== undefined && !before.has(key));
}
