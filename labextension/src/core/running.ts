/**
 * What is alive, as rows of Lab's Running sidebar: which chats and MCP servers are listed, each with its state in words
 * and when those words will be others. Pure; words come in through `trans`, times are milliseconds at the server.
 */
import { ITrans } from './trans';
import { FeedEvent, IMcpServer, ISession, Phase } from './wire';

export interface IRow {
  /** Of all rows of its list. */
  key: string;
  workspace: string;
  /** As its address has it: a chat's id, an MCP server's name. */
  id: string;
  icon: 'spinner' | 'shield' | 'bubble' | 'pause' | 'plug' | 'globe' | 'box';
  label: string;
  detail: string;
  title: string;
  /** What a shut-down would cut off; empty for nothing. */
  cuts: string;
  /** There is something to shut down. */
  held: boolean;
}

/** A row, and the milliseconds for which it says the truth. */
export interface ITimed {
  row: IRow;
  lasts: number;
}

export interface IMoment {
  now: number;
  /** When the list was fetched: its idle times are of then. */
  fetched: number;
  /** Since when runs are at work, by their ids; without those of which it is not known. */
  since: ReadonlyMap<string, number>;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** An end that is further away is not worth a word. */
const SOON = 5 * MINUTE;

const ALIVE: ReadonlySet<Phase> = new Set<Phase>(['starting', 'ready', 'paused', 'stopping']);

/** In the server's memory, or waiting for a person, which takes none. What is at work elsewhere is not of this server. */
export function isAliveChat(session: ISession): boolean {
  return ALIVE.has(session.phase) || session.execution_state === 'waiting';
}

/** What is built in lives with Jupyter and can't be shut down. */
export function isAliveServer(server: IMcpServer): boolean {
  return ALIVE.has(server.phase) && server.transport !== 'builtin';
}

export function chatRow(trans: ITrans, session: ISession, moment: IMoment): ITimed {
  const label = session.name || trans.__('New chat');
  const culled = endsIn(session.culls_at, moment);
  const state = chatState(trans, session, moment);
  const title = [
    label,
    state.words,
    culled && trans.__('Put away in %1, and back when it is opened', span(trans, culled.value))
  ];
  return {
    row: {
      key: session.id,
      workspace: session.workspace_id,
      id: session.id,
      icon: state.icon,
      label,
      detail: state.words,
      title: title.filter(Boolean).join('\n'),
      cuts: session.execution_state === 'busy' ? trans.__('“%1” is answering.', label) : '',
      held: ALIVE.has(session.phase)
    },
    lasts: Math.min(state.lasts, culled?.lasts ?? Infinity)
  };
}

export function serverRow(trans: ITrans, server: IMcpServer, moment: IMoment): ITimed {
  const contained = server.transport === 'docker' ? trans.__('container') : '';
  const memory = joined(typeof server.memory === 'number' ? size(server.memory) : '', contained);
  const { icon, words, lasts = Infinity } = serverState(trans, server, memory, moment);
  const load = typeof server.cpu === 'number' ? trans.__('CPU %1 %', Math.round(server.cpu)) : '';
  return {
    row: {
      key: server.id,
      workspace: server.workspace_id,
      id: server.name,
      icon,
      label: server.name,
      detail: words,
      title: [server.name, words, load, server.container?.image ?? server.command].filter(Boolean).join('\n'),
      cuts: server.busy
        ? trans._n('“%2” has 1 call running.', '“%2” has %1 calls running.', server.busy, server.name)
        : '',
      held: true
    },
    lasts
  };
}

interface IState {
  icon: IRow['icon'];
  words: string;
  lasts: number;
}

function chatState(trans: ITrans, session: ISession, moment: IMoment): IState {
  if (session.phase === 'stopping') {
    return { icon: 'spinner', words: passing(trans, 'stopping'), lasts: Infinity };
  }
  if (session.execution_state === 'waiting') {
    return { icon: 'shield', words: trans.__('Waits for you'), lasts: Infinity };
  }
  if (session.execution_state === 'busy') {
    const since = moment.since.get(session.active_run?.id ?? '');
    const time = since === undefined ? null : elapsed(moment.now - since, SECOND);
    return {
      icon: 'spinner',
      words: joined(trans.__('Answering'), time ? span(trans, time.value) : ''),
      lasts: time?.lasts ?? Infinity
    };
  }
  if (session.phase === 'starting') {
    return { icon: 'spinner', words: passing(trans, 'starting'), lasts: Infinity };
  }
  const idle = session.idle_seconds;
  const time = typeof idle === 'number' ? elapsed(idle * SECOND + moment.now - moment.fetched, MINUTE) : null;
  return {
    icon: 'bubble',
    words: joined(trans.__('Idle'), time?.value ? span(trans, time.value) : ''),
    lasts: time?.lasts ?? Infinity
  };
}

function serverState(
  trans: ITrans,
  server: IMcpServer,
  memory: string,
  moment: IMoment
): { icon: IRow['icon']; words: string; lasts?: number } {
  if (server.phase === 'starting' || server.phase === 'stopping') {
    return { icon: 'spinner', words: passing(trans, server.phase) };
  }
  if (server.phase === 'paused') {
    return { icon: 'pause', words: joined(trans.__('Paused'), memory) };
  }
  const icon = server.transport === 'docker' ? 'box' : server.transport === 'stdio' ? 'plug' : 'globe';
  if (server.busy) {
    return { icon, words: joined(trans._n('1 call running', '%1 calls running', server.busy), server.transport === 'docker' ? trans.__('container') : '') };
  }
  const end = endsIn(server.culls_at, moment);
  if (end && end.value <= SOON) {
    return { icon, words: joined(trans.__('Stops in %1', span(trans, end.value)), memory), lasts: end.lasts };
  }
  return { icon, words: joined(trans.__('Ready'), memory), lasts: end ? end.value - MINUTE - SOON + end.lasts : undefined };
}

function passing(trans: ITrans, phase: 'starting' | 'stopping'): string {
  return phase === 'starting' ? trans.__('Starting…') : trans.__('Stopping…');
}

function joined(...words: string[]): string {
  return words.filter(Boolean).join(' · ');
}

interface ITime {
  /** As it is told: a whole number of seconds, minutes or hours, in milliseconds. */
  value: number;
  lasts: number;
}

/** A time that grows, told in steps of `finest` at least: less than that is 0. */
function elapsed(milliseconds: number, finest: number): ITime {
  const time = Math.max(0, milliseconds);
  const step = Math.max(finest, unit(time));
  return { value: Math.floor(time / step) * step, lasts: step - (time % step) };
}

/** The time until `iso`, in whole minutes, at least one: it is a sweep that ends things, not a clock. */
function endsIn(iso: string | null, moment: IMoment): ITime | null {
  const at = iso ? Date.parse(iso) : NaN;
  if (Number.isNaN(at)) {
    return null;
  }
  const left = at - moment.now;
  const minutes = Math.max(1, Math.ceil(left / MINUTE));
  return { value: minutes * MINUTE, lasts: minutes === 1 ? Infinity : left - (minutes - 1) * MINUTE };
}

function unit(milliseconds: number): number {
  return milliseconds < MINUTE ? SECOND : milliseconds < HOUR ? MINUTE : HOUR;
}

/** `21 s`, `4 min`, `2 h`. */
export function span(trans: ITrans, milliseconds: number): string {
  const step = unit(milliseconds);
  const count = Math.floor(milliseconds / step);
  return step === SECOND ? trans.__('%1 s', count) : step === MINUTE ? trans.__('%1 min', count) : trans.__('%1 h', count);
}

export function size(bytes: number): string {
  return bytes < 1e9 ? `${Math.max(1, Math.round(bytes / 1e6))} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** By name, so that no row moves under the pointer. */
export function inOrder(rows: readonly ITimed[]): ITimed[] {
  return [...rows].sort((a, b) => a.row.label.localeCompare(b.row.label) || a.row.key.localeCompare(b.row.key));
}

/** Whether two lists say the same. */
export function sameRows(one: readonly IRow[], other: readonly IRow[]): boolean {
  return (
    one.length === other.length &&
    one.every((row, i) => (Object.keys(row) as (keyof IRow)[]).every(field => row[field] === other[i][field]))
  );
}

/** Keeps `since` of a moment: a run's time begins when it is at work, and anew after it waited for a person. */
export function note(since: Map<string, number>, event: FeedEvent): void {
  if (event.type === 'run_ended' || (event.type === 'run' && event.state === 'awaiting_approval')) {
    since.delete(event.run_id);
  } else if (event.type === 'run' && event.state !== 'queued' && !since.has(event.run_id)) {
    since.set(event.run_id, Date.parse(event.time));
  }
}

/** The text under "Shut Down All?" for rows that are held: what is ended, what it cuts off, and what comes back. */
export function shutDownAllText(trans: ITrans, what: 'chats' | 'servers', rows: readonly IRow[]): string {
  const kept =
    what === 'chats'
      ? trans.__('Their messages are kept, and each comes back when it is opened.')
      : trans.__('Each starts again at its next use.');
  const all =
    what === 'chats'
      ? trans._n('1 chat is put away.', '%1 chats are put away.', rows.length)
      : trans._n('1 MCP server is stopped.', '%1 MCP servers are stopped.', rows.length);
  return [all, ...rows.map(row => row.cuts), kept].filter(Boolean).join(' ');
}
