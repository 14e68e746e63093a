/** The record of a tool call in words: what was decided by whom, and what came of it. Pure. */
import { ITrans } from './trans';
import { IAuditRecord, IGrant } from './wire';

export type Tone = 'is-ok' | 'is-error' | 'is-off' | 'is-busy' | 'is-warn';
export interface IOutcome {
  icon: 'done' | 'failed' | 'crossed' | 'unknown' | 'spinner' | 'shield';
  tone: Tone;
  words: string;
}

export function outcomeOf(record: IAuditRecord, trans: ITrans): IOutcome {
  switch (record.outcome) {
    case 'done':
      return { icon: 'done', tone: 'is-ok', words: trans.__('Done') };
    case 'failed':
      return { icon: 'failed', tone: 'is-error', words: trans.__('Failed') };
    case 'denied':
      return { icon: 'crossed', tone: 'is-off', words: trans.__('Denied') };
    case 'withdrawn':
      return { icon: 'crossed', tone: 'is-off', words: trans.__('Not run') };
    case 'unknown':
      return { icon: 'unknown', tone: 'is-warn', words: trans.__('Not known whether it finished') };
    default:
      return record.decision === null
        ? { icon: 'shield', tone: 'is-busy', words: trans.__('Waits for you') }
        : { icon: 'spinner', tone: 'is-busy', words: trans.__('Running') };
  }
}

/** Empty while nothing was decided. */
export function decisionOf(record: IAuditRecord, trans: ITrans): string {
  const by = nameOf(record.by);
  switch (record.decision) {
    case 'once':
      return by ? trans.__('Allowed once by %1', by) : trans.__('Allowed once');
    case 'session':
      return by ? trans.__('Allowed in this chat by %1', by) : trans.__('Allowed in this chat');
    case 'workspace':
      return by ? trans.__('Always allowed in this project by %1', by) : trans.__('Always allowed in this project');
    case 'deny':
      return denied(record.reason, by, trans);
    case 'granted':
      return trans.__('Allowed before');
    case 'read_only':
      return trans.__('Reads only: not asked about');
    case 'direct':
      return by ? trans.__('Called by %1, not by the model', by) : trans.__('Called by a person, not by the model');
    case 'timeout':
      return trans.__('Nobody decided in time');
    case 'withdrawn':
      return trans.__('The answer ended before');
    default:
      return '';
  }
}

function denied(reason: string | null, by: string | null, trans: ITrans): string {
  if (reason) {
    return by ? trans.__('Denied by %1: %2', by, reason) : trans.__('Denied: %1', reason);
  }
  return by ? trans.__('Denied by %1', by) : trans.__('Denied');
}

/** Who decided; null where nobody is known, and where Jupyter made up a name for whoever has its token. */
export function nameOf(by: string | null): string | null {
  return by === null || by === '' || /^[0-9a-f]{32}$/.test(by) ? null : by;
}

/** Milliseconds for which it ran; null where it did not, or still does. */
export function ranFor({ outcome, decided, finished }: IAuditRecord): number | null {
  if (!decided || !finished || outcome === 'denied' || outcome === 'withdrawn') {
    return null;
  }
  const span = Date.parse(finished) - Date.parse(decided);
  return Number.isFinite(span) && span >= 0 ? span : null;
}

/** What counts in this chat: its own, then those of the whole project; the newest first. */
export function grantsOf(grants: readonly IGrant[], session: string): IGrant[] {
  const own = grants.filter(grant => grant.session_id === session);
  const all = grants.filter(grant => grant.session_id === null);
  return [...own.reverse(), ...all.reverse()];
}

/** `newest` before those that are known; one that is in both is as the newest says. */
export function joined(known: readonly IAuditRecord[], newest: readonly IAuditRecord[]): IAuditRecord[] {
  const ids = new Set(newest.map(({ id }) => id));
  return [...newest, ...known.filter(({ id }) => !ids.has(id))].sort((a, b) => b.id - a.id);
}
