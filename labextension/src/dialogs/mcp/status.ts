/** The state of an MCP server as shape, colour and words, and what can be done with it. Pure. */
import { size, span } from '../../core/running';
import { ITrans } from '../../core/trans';
import { IMcpServer } from '../../core/wire';

export interface IStatus {
  icon: 'alert' | 'spinner' | 'full' | 'ring' | 'pause' | 'failed' | 'crossed' | 'hollow';
  tone: 'ok' | 'warn' | 'error' | 'busy' | 'off';
  words: string;
}

/** Codes of failures whose cause lies outside of the MCP server. */
const OUTSIDE = new Set(['docker_off', 'docker_refused', 'unavailable']);

/** The file whose entries we may change. */
export const OURS = '.mandrake/mcp.json';

/** An end that is further away is not worth a word in the list. */
const SOON = 5 * 60_000;

/**
 * @param seconds how long it has been starting; 0 when that is not known
 * @param now the server's time in milliseconds
 */
export function statusOf(trans: ITrans, server: IMcpServer, seconds = 0, now = Date.now()): IStatus {
  if (!server.trusted) {
    return { icon: 'alert', tone: 'warn', words: trans.__('Came with this folder. Not started.') };
  }
  if (server.disabled) {
    return { icon: 'hollow', tone: 'off', words: trans.__('Disabled · offers no tools') };
  }
  const tools = toolsText(trans, server);
  switch (server.phase) {
    case 'starting':
      return {
        icon: 'spinner',
        tone: 'busy',
        words: seconds >= 3 ? trans.__('Starting… %1 s', Math.floor(seconds)) : trans.__('Starting…')
      };
    case 'stopping':
      return { icon: 'spinner', tone: 'busy', words: trans.__('Stopping…') };
    case 'ready': {
      const calls = server.busy > 0 ? trans._n('1 call running', '%1 calls running', server.busy) : '';
      const memory = server.memory === null ? '' : size(server.memory);
      const left = calls || server.culls_at === null ? Infinity : Math.max(0, Date.parse(server.culls_at) - now);
      const ends = left < SOON;
      return {
        icon: ends ? 'ring' : 'full',
        tone: 'ok',
        words: joined(trans.__('Ready'), calls, tools, memory, ends ? trans.__('stops in %1', span(trans, left)) : '')
      };
    }
    case 'paused': {
      const kept =
        server.memory === null ? trans.__('keeps its memory') : trans.__('keeps %1 of memory', size(server.memory));
      return { icon: 'pause', tone: 'warn', words: joined(trans.__('Paused'), kept) };
    }
    case 'failed':
      return failed(trans, server);
    default:
      return {
        icon: 'hollow',
        tone: 'off',
        words: joined(trans.__('Stopped'), tools, trans.__('starts at first use'))
      };
  }
}

function failed(trans: ITrans, server: IMcpServer): IStatus {
  const why = shortReason(server);
  return isOutside(server)
    ? { icon: 'crossed', tone: 'off', words: trans.__('Unavailable: %1', why) }
    : { icon: 'failed', tone: 'error', words: trans.__('Failed: %1', why) };
}

export function isOutside(server: IMcpServer): boolean {
  return server.error !== null && OUTSIDE.has(server.error.code);
}

/** The sentence of the error without its subject, which the row names already, and without its full stop. */
export function shortReason(server: IMcpServer): string {
  const sentence = server.error?.message ?? server.reason;
  const subject = `The MCP server "${server.name}" `;
  return (sentence.startsWith(subject) ? sentence.slice(subject.length) : sentence).replace(/\.$/, '');
}

export function toolsText(trans: ITrans, server: IMcpServer): string {
  return server.tools ? trans._n('1 tool', '%1 tools', server.tools) : '';
}

function joined(...words: string[]): string {
  return words.filter(Boolean).join(' · ');
}

export interface IBadge {
  icon: 'globe' | 'plug' | 'box';
  label: string;
}

export function badgeOf(trans: ITrans, server: IMcpServer): IBadge | null {
  switch (server.transport) {
    case 'http':
    case 'sse':
      return { icon: 'globe', label: trans.__('remote') };
    case 'docker':
      return { icon: 'box', label: trans.__('container') };
    case 'builtin':
      return { icon: 'plug', label: trans.__('built in') };
    default:
      return null;
  }
}

export type RowAction = 'review' | 'try_again' | 'enable' | 'start' | 'resume' | 'restart' | 'stop' | 'log';

/** What the row offers, in order. What is built in lives with Jupyter and is neither started nor stopped. */
export function actionsOf(server: IMcpServer): RowAction[] {
  if (!server.trusted) {
    return ['review'];
  }
  if (server.transport === 'builtin') {
    return [];
  }
  if (server.disabled) {
    return ['enable'];
  }
  switch (server.phase) {
    case 'ready':
      return ['restart', 'stop', 'log'];
    case 'starting':
      return ['stop', 'log'];
    case 'paused':
      return ['resume', 'stop', 'log'];
    case 'stopping':
      return ['log'];
    case 'failed':
      return isOutside(server) ? ['try_again'] : ['start', 'log'];
    default:
      return ['start', 'log'];
  }
}

/** Name and tooltip of a row's button. */
export function actionLabel(trans: ITrans, action: RowAction, server: IMcpServer): string {
  switch (action) {
    case 'review':
      return trans.__('Review…');
    case 'try_again':
      return trans.__('Try again');
    case 'enable':
      return trans.__('Enable');
    case 'restart':
      return trans.__('Restart');
    case 'stop':
      return trans.__('Stop');
    case 'log':
      return trans.__('Log');
    case 'start':
      return server.phase === 'failed' ? trans.__('Start again') : trans.__('Start');
    case 'resume':
      return trans.__('Resume');
  }
}

/** A container that nobody uses can be put to sleep with all its memory. */
export function canPause(server: IMcpServer): boolean {
  return server.transport === 'docker' && server.phase === 'ready' && server.busy === 0 && server.instances === 1;
}

/** A program that is told to run a container, which could be ours; only in the file that we write. */
export function isDockerRun(server: IMcpServer): boolean {
  const run = /^(\S*\/)?(docker|podman)(\.exe)? (container )?run /i;
  return server.origin === OURS && server.transport === 'stdio' && run.test(server.command);
}

const RUNNING = new Set(['ready', 'starting', 'paused', 'stopping']);

export function isRunning(server: IMcpServer): boolean {
  return server.trusted && RUNNING.has(server.phase);
}

/** How many need the reader: untrusted and failed ones. */
export function needAttention(servers: readonly IMcpServer[]): number {
  return servers.filter(server => rank(server) < 2).length;
}

/** What needs the reader first, then what runs, then the rest; by name within each. */
function rank(server: IMcpServer): number {
  if (!server.trusted) {
    return 0;
  }
  if (server.phase === 'failed' && !isOutside(server) && !server.disabled) {
    return 1;
  }
  return isRunning(server) ? 2 : 3;
}

/**
 * The order to show: sorted, or as it was (`before`, names) while the pointer is over the list, with new ones at the end.
 */
export function arrange(servers: readonly IMcpServer[], before: readonly string[], hold: boolean): IMcpServer[] {
  if (!hold) {
    return [...servers].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
  }
  const place = (name: string) => (before.includes(name) ? before.indexOf(name) : before.length);
  return [...servers].sort((a, b) => place(a.name) - place(b.name));
}

/** What a screen reader hears: one sentence for each change of phase worth knowing; none for the first look. */
export function announcements(trans: ITrans, before: readonly IMcpServer[], now: readonly IMcpServer[]): string[] {
  const said: string[] = [];
  for (const server of now) {
    const old = before.find(other => other.name === server.name);
    if (!old || old.phase === server.phase) {
      continue;
    }
    if (server.phase === 'ready') {
      said.push(trans.__('%1 ready', server.name));
    } else if (server.phase === 'failed') {
      said.push(trans.__('%1 failed: %2', server.name, shortReason(server)));
    } else if (server.phase === 'stopped') {
      said.push(trans.__('%1 stopped', server.name));
    }
  }
  return said;
}

/** When it stops if nobody uses it, and what that costs. */
export function stopsText(trans: ITrans, at: string, now: number): string {
  const left = span(trans, Math.max(0, Date.parse(at) - now));
  return trans.__('stops in %1. It starts again at its next use, without what it kept in its own memory.', left);
}

/** What is asked before calls in flight are cut off, or an entry is taken out of the file. */
export function questionOf(
  trans: ITrans,
  server: IMcpServer,
  about: 'stop' | 'restart' | 'disable' | 'remove'
): { words: string; label: string } {
  const { busy, name } = server;
  switch (about) {
    case 'stop':
      return {
        words: trans._n('Stop %2? 1 call is running.', 'Stop %2? %1 calls are running.', busy, name),
        label: trans.__('Stop')
      };
    case 'restart':
      return {
        words: trans._n('Restart %2? 1 call is running.', 'Restart %2? %1 calls are running.', busy, name),
        label: trans.__('Restart')
      };
    case 'disable':
      return {
        words: trans._n('Disable %2? 1 call is running.', 'Disable %2? %1 calls are running.', busy, name),
        label: trans.__('Disable')
      };
    case 'remove':
      return { words: trans.__('Remove %1 from this project?', name), label: trans.__('Remove') };
  }
}
