/** What is known of one MCP server, as words. Pure. */
import { duration, when } from '../../core/format';
import { size, span } from '../../core/running';
import { ITrans } from '../../core/trans';
import { IContainer, IMcpHealth, IMcpServer } from '../../core/wire';
import { pausesText, stopsText } from './status';

export interface IFact {
  name: string;
  value: string;
  /** Takes a line of its own. */
  wide?: boolean;
  /** From 0 to 1, of what it may be at most. */
  part?: number;
}

/** The facts worth a line now: memory, short ones two to a line, then the wide ones. */
export function factsOf(trans: ITrans, server: IMcpServer, health: IMcpHealth | null, now: number): IFact[] {
  const short: (IFact | false)[] = [
    memoryFact(trans, server),
    server.cpu !== null && { name: trans.__('CPU'), value: trans.__('%1 %', percent(server.cpu)) },
    server.phase === 'ready' &&
      typeof health?.uptime_seconds === 'number' && {
      name: trans.__('Running for'),
      value: span(trans, health.uptime_seconds * 1000)
    },
    !!health && health.calls > 0 && { name: trans.__('Calls'), value: callsText(trans, health) },
    server.restarts > 0 && { name: trans.__('Restarts'), value: String(server.restarts) },
    !!server.container && { name: trans.__('Network'), value: networkText(trans, server.container.network) },
    server.pid !== null && !server.container && { name: trans.__('Process'), value: String(server.pid) }
  ];
  const wide: (IFact | false)[] = [
    !!server.container?.id && { name: trans.__('Container'), value: server.container.id.slice(0, 12) },
    !!server.container && { name: trans.__('Image'), value: server.container.image },
    !!server.container && { name: trans.__('Limits'), value: limitsText(trans, server.container) },
    server.crashes > 0 && { name: trans.__('Crashes'), value: crashText(trans, server, now) },
    server.sharing === 'session' && {
      name: trans.__('Runs'),
      value: trans.__('once for each chat, %1 now', server.instances)
    },
    !!server.origin && server.origin !== 'builtin' && { name: trans.__('From'), value: originText(trans, server) },
    server.last_activity !== null && { name: trans.__('Last used'), value: when(server.last_activity, new Date(now)) },
    !!server.pauses_at && { name: trans.__('If idle'), value: pausesText(trans, server.pauses_at, now) },
    server.culls_at !== null && { name: trans.__('If unused'), value: stopsText(trans, server.culls_at, now) }
  ];
  const there = (fact: IFact | false): fact is IFact => fact !== false;
  return [...short.filter(there), ...wide.filter(there).map(fact => ({ ...fact, wide: true }))];
}

/** The file, and for all but the project's own whose word it is. */
function originText(trans: ITrans, { origin, level }: IMcpServer): string {
  switch (level) {
    case 'system':
      return trans.__('%1 (set for this system)', origin);
    case 'environment':
      return trans.__('%1 (set for this environment)', origin);
    case 'user':
      return trans.__('%1 (yours, for all projects)', origin);
    default:
      return origin;
  }
}

function memoryFact(trans: ITrans, server: IMcpServer): IFact | false {
  const name = trans.__('Memory');
  const most = server.container?.limits.memory_mb;
  if (server.memory === null) {
    return !!most && { name, value: trans.__('up to %1 MiB', most) };
  }
  const used = Math.round(server.memory / 2 ** 20);
  return most
    ? { name, value: trans.__('%1 of %2 MiB', used, most), part: used / most, wide: true }
    : { name, value: size(server.memory) };
}

function networkText(trans: ITrans, network: string): string {
  return network === 'none' ? trans.__('none') : network;
}

/** "1 CPU, 128 processes, 1024 open files" */
function limitsText(trans: ITrans, { limits }: IContainer): string {
  const { cpus, processes, open_files: files } = limits;
  const said = [
    cpus && trans._n('%1 CPU', '%1 CPUs', cpus),
    processes && trans._n('1 process', '%1 processes', processes),
    files && trans._n('1 open file', '%1 open files', files)
  ];
  return said.filter(Boolean).join(', ') || trans.__('none');
}

function percent(cpu: number): string {
  return cpu < 10 ? cpu.toFixed(1) : String(Math.round(cpu));
}

export function callsText(trans: ITrans, health: IMcpHealth): string {
  return health.failed_calls
    ? trans.__('%1, %2 failed', health.calls, health.failed_calls)
    : String(health.calls);
}

/** "Crashed 2 times, last at 10:42". */
export function crashText(trans: ITrans, server: IMcpServer, now: number): string {
  const times = trans._n('Crashed once', 'Crashed %1 times', server.crashes);
  return server.last_crash ? trans.__('%1, last at %2', times, when(server.last_crash, new Date(now))) : times;
}

export interface IHealthWords {
  icon: 'done' | 'failed' | 'hollow' | 'spinner' | 'alert';
  tone: 'ok' | 'error' | 'off' | 'busy' | 'warn';
  words: string;
}

export function healthWords(trans: ITrans, health: IMcpHealth): IHealthWords {
  switch (health.status) {
    case 'ok':
      return {
        icon: 'done',
        tone: 'ok',
        words:
          health.answered_ms === null
            ? trans.__('Alive')
            : trans.__('Answers, %1', answerTime(trans, health.answered_ms))
      };
    case 'failing':
      return {
        icon: 'failed',
        tone: 'error',
        words: health.alive ? trans.__('Does not answer') : trans.__('Is not running')
      };
    case 'starting':
      return { icon: 'spinner', tone: 'busy', words: trans.__('Starting…') };
    case 'untrusted':
      return { icon: 'alert', tone: 'warn', words: trans.__('Not started') };
    default:
      return { icon: 'hollow', tone: 'off', words: trans.__('Asleep until its first use') };
  }
}

function answerTime(trans: ITrans, milliseconds: number): string {
  return milliseconds < 1000
    ? trans.__('%1 ms', Math.max(1, Math.round(milliseconds)))
    : duration(trans, milliseconds);
}
