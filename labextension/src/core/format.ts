/**
 * Numbers, times and days as the panel writes them. Words come in through what translates them.
 */
import { ITrans } from './trans';
import { ISession, IUsage } from './wire';

/** `0.2 s`, `14 s`, `2 min 5 s`. */
export function duration(trans: ITrans, milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 10) {
    return trans.__('%1 s', Math.max(0.1, Math.round(seconds * 10) / 10).toFixed(1));
  }
  const whole = Math.round(seconds);
  return whole < 60 ? trans.__('%1 s', whole) : trans.__('%1 min %2 s', Math.floor(whole / 60), whole % 60);
}

/** The same while it still counts: whole seconds, as tenths would only flicker. */
export function clock(trans: ITrans, milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  return seconds < 60 ? trans.__('%1 s', seconds) : trans.__('%1 min %2 s', Math.floor(seconds / 60), seconds % 60);
}

/** `1,240 in · 96 out · $0.005 · 14 s`: the price only where known, the time, already in words, only where given. */
export function usageLine(trans: ITrans, usage: IUsage | null, time: string | null): string {
  const parts: string[] = [];
  if (usage && (usage.input_tokens || usage.output_tokens)) {
    parts.push(trans.__('%1 in', thousands(usage.input_tokens)), trans.__('%1 out', thousands(usage.output_tokens)));
    if (usage.cost !== null && usage.cost !== undefined) {
      parts.push(usage.cost === 0 ? '$0' : usage.cost < 0.001 ? '< $0.001' : `$${usage.cost.toFixed(3)}`);
    }
  }
  if (time !== null) {
    parts.push(time);
  }
  return parts.join(' · ');
}

function thousands(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

export function megabytes(bytes: number): string {
  return String(Math.round(bytes / 1e6));
}

/** `412 KB`, of the text as UTF-8. */
export function textSize(text: string): string {
  const bytes = new TextEncoder().encode(text).length;
  return bytes < 1000 ? `${bytes} B` : bytes < 1e6 ? `${Math.round(bytes / 1e3)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** The first `count` lines of `text`, and whether there are more. */
export function firstLines(text: string, count: number): { shown: string; more: boolean } {
  const lines = text.split('\n');
  return { shown: lines.slice(0, count).join('\n'), more: lines.length > count };
}

/** Lines of a log at the end of a sentence stand below it. */
export function splitLog(then: string): [string, string | null] {
  const match = /^([\s\S]*?lines:)\s*\n?([\s\S]+)$/.exec(then);
  return match ? [match[1], match[2]] : [then, null];
}

/** Time of day today, weekday within six days, else the date; the year where it is another one. */
export function when(iso: string, now: Date): string {
  const then = new Date(iso);
  const days = dayNumber(now) - dayNumber(then);
  if (days <= 0) {
    return then.toLocaleTimeString([], { hour: 'numeric', minute: '2-digit' });
  }
  if (days < 7) {
    return then.toLocaleDateString([], { weekday: 'short' });
  }
  const year = then.getFullYear() === now.getFullYear() ? undefined : 'numeric';
  return then.toLocaleDateString([], { day: 'numeric', month: 'short', year });
}

export interface IDay {
  title: string;
  sessions: ISession[];
}

/** Chats by day: Today, Yesterday, Earlier; within them the newest first. Empty days are left out. */
export function byDay(sessions: readonly ISession[], now: Date, say: (text: string) => string): IDay[] {
  const days: IDay[] = [say('Today'), say('Yesterday'), say('Earlier')].map(title => ({ title, sessions: [] }));
  for (const session of [...sessions].sort((a, b) => (a.last_activity < b.last_activity ? 1 : a.last_activity > b.last_activity ? -1 : 0))) {
    const age = dayNumber(now) - dayNumber(new Date(session.last_activity));
    days[Math.min(2, Math.max(0, age))].sessions.push(session);
  }
  return days.filter(day => day.sessions.length > 0);
}

function dayNumber(date: Date): number {
  return Math.round(new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime() / 86_400_000);
}
