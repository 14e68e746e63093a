/** A message of the user edited, an answer asked for anew, a message deleted: what that does to the column. Pure. */
import { entryOf, IEntry, isOpen, ownMessage, questionOf, textOf } from './entries';
import { blankAnswer } from './reducer';
import { IAttachment, IMessage } from './wire';

/** What a run replaces: the message `entry`, the rest of its run, and all that follows. */
export function replacedBy(entries: readonly IEntry[], entry: IEntry): { kept: IEntry[]; replaced: IEntry[] } {
  const asked = questionOf(entries, entry) ?? entry;
  const at = entries.findIndex(({ key }) => key === asked.key);
  return { kept: entries.slice(0, at), replaced: entries.slice(at) };
}

/** Whether more than its own answer follows `entry`. */
export function isFollowed(entries: readonly IEntry[], entry: IEntry): boolean {
  return replacedBy(entries, entry).replaced.some(({ message }) => message.run_id !== entry.message.run_id);
}

/** The column when `run` has taken the place of `entry` and what follows. `content`: as it was edited; null as it was; so `attachments`. */
export function withReplaced(
  entries: readonly IEntry[],
  entry: IEntry,
  run: { id: string; message_id: string },
  content: string | null,
  attachments?: IAttachment[]
): IEntry[] {
  const { kept, replaced } = replacedBy(entries, entry);
  const asked = replaced[0].message;
  const own: IMessage = {
    ...ownMessage(asked.session_id, `own-${run.id}`, content ?? textOf(asked), attachments ?? asked.attachments, false),
    run_id: run.id
  };
  const answer = blankAnswer(asked.session_id, run.id, run.message_id, own.created);
  return [...kept, entryOf(own), entryOf(answer, { startedAt: Date.now() })];
}

/** Whether `message` can be edited, asked again or deleted: the server has it, and is done with it. */
export function isSettled(message: IMessage): boolean {
  return message.run_id !== '' && !isOpen(message);
}
