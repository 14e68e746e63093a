import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as running from '../src/core/running';
import { FeedEvent, IMcpServer, ISession } from '../src/core/wire';
import { trans } from './dialogwords';

const NOW = Date.parse('2026-11-25T10:00:00Z');
const moment = (change: Partial<running.IMoment> = {}): running.IMoment => ({
  now: NOW,
  fetched: NOW,
  since: new Map(),
  ...change
});
const at = (seconds: number) => new Date(NOW + seconds * 1000).toISOString();

const chat = (change: Partial<ISession> = {}) =>
  ({
    id: 's',
    workspace_id: 'w',
    name: 'Missing values',
    phase: 'ready',
    execution_state: 'idle',
    active_run: null,
    idle_seconds: 10,
    culls_at: null,
    ...change
  }) as ISession;
const server = (change: Partial<IMcpServer> = {}) =>
  ({
    id: 'w/time',
    workspace_id: 'w',
    name: 'time',
    transport: 'stdio',
    command: 'mcp-server-time',
    phase: 'ready',
    busy: 0,
    culls_at: null,
    memory: 21_000_000,
    cpu: null,
    ...change
  }) as IMcpServer;
const run = (id: string) => ({ id, state: 'calling_model' });

const chatSays = (change: Partial<ISession>, when = moment()) => {
  const { row, lasts } = running.chatRow(trans, chat(change), when);
  return [row.icon, row.detail, lasts];
};
const serverSays = (change: Partial<IMcpServer>, when = moment()) => {
  const { row, lasts } = running.serverRow(trans, server(change), when);
  return [row.icon, row.detail, lasts];
};

test('only what is alive is listed', () => {
  assert.deepEqual(
    [
      chat(),
      chat({ phase: 'new' }),
      chat({ phase: 'stopped' }),
      chat({ phase: 'stopped', execution_state: 'waiting', active_run: run('r') }),
      chat({ phase: 'new', execution_state: 'busy', active_run: run('r') })
    ].map(running.isAliveChat),
    [true, false, false, true, false]
  );
  const phases = ['new', 'starting', 'ready', 'paused', 'stopping', 'stopped', 'failed'] as const;
  assert.deepEqual(
    phases.filter(phase => running.isAliveServer(server({ phase }))),
    ['starting', 'ready', 'paused', 'stopping']
  );
  assert.equal(running.isAliveServer(server({ transport: 'builtin' })), false);
});

test('every state of a chat has its shape, its words, and a time for which they hold', () => {
  assert.deepEqual(chatSays({ execution_state: 'waiting' }), ['shield', 'Waits for you', Infinity]);
  assert.deepEqual(chatSays({ idle_seconds: 10 }), ['bubble', 'Idle', 50_000]);
  assert.deepEqual(chatSays({ idle_seconds: 245 }), ['bubble', 'Idle · 4 min', 55_000]);
  assert.deepEqual(chatSays({ idle_seconds: 7300 }), ['bubble', 'Idle · 2 h', 3_500_000]);
  assert.deepEqual(chatSays({ idle_seconds: null }), ['bubble', 'Idle', Infinity]);
  assert.deepEqual(chatSays({ phase: 'starting' }), ['spinner', 'Starting…', Infinity]);
  assert.deepEqual(chatSays({ phase: 'stopping', execution_state: 'busy' }), ['spinner', 'Stopping…', Infinity]);
  const busy = { execution_state: 'busy', active_run: run('r') } as const;
  assert.deepEqual(chatSays(busy), ['spinner', 'Answering', Infinity]);
  assert.deepEqual(chatSays(busy, moment({ since: new Map([['r', NOW - 21_400]]) })), ['spinner', 'Answering · 21 s', 600]);
  assert.deepEqual(chatSays(busy, moment({ since: new Map([['r', NOW - 90_000]]) })), ['spinner', 'Answering · 1 min', 30_000]);
});

test('idle time goes on after the list was fetched', () => {
  assert.deepEqual(chatSays({ idle_seconds: 10 }, moment({ fetched: NOW - 60_000 })), ['bubble', 'Idle · 1 min', 50_000]);
});

test('every state of an MCP server has its shape and its words', () => {
  assert.deepEqual(serverSays({}), ['plug', 'Ready · 21 MB', Infinity]);
  assert.deepEqual(serverSays({ transport: 'http', memory: null }), ['globe', 'Ready', Infinity]);
  assert.deepEqual(serverSays({ memory: 1_240_000_000 }), ['plug', 'Ready · 1.2 GB', Infinity]);
  assert.deepEqual(serverSays({ busy: 2 }), ['plug', '2 calls running', Infinity]);
  assert.deepEqual(serverSays({ phase: 'starting' }), ['spinner', 'Starting…', Infinity]);
  assert.deepEqual(serverSays({ phase: 'stopping' }), ['spinner', 'Stopping…', Infinity]);
  assert.deepEqual(serverSays({ phase: 'paused', memory: 310_000_000 }), ['pause', 'Paused · 310 MB', Infinity]);
});

test('an end is told from five minutes before, and never as less than a minute', () => {
  assert.deepEqual(serverSays({ culls_at: at(1800) }), ['plug', 'Ready · 21 MB', 1_500_000]);
  assert.deepEqual(serverSays({ culls_at: at(230) }), ['plug', 'Stops in 4 min · 21 MB', 50_000]);
  assert.deepEqual(serverSays({ culls_at: at(59) }), ['plug', 'Stops in 1 min · 21 MB', Infinity]);
  assert.deepEqual(serverSays({ culls_at: at(-20) }), ['plug', 'Stops in 1 min · 21 MB', Infinity]);
  assert.deepEqual(serverSays({ culls_at: 'soon' }), ['plug', 'Ready · 21 MB', Infinity]);
});

test('what a text lasts is exact: one millisecond before it is the same, then it is another', () => {
  for (const left of [1800, 301, 300, 240.001, 230, 61]) {
    const says = (now: number) => serverSays({ culls_at: at(left) }, moment({ now, fetched: NOW }))[1];
    const lasts = running.serverRow(trans, server({ culls_at: at(left) }), moment()).lasts;
    assert.equal(says(NOW + lasts - 2), says(NOW), `${left} s before its end`);
    assert.notEqual(says(NOW + lasts), says(NOW), `${left} s before its end`);
  }
});

test('the tooltip says what the row has no room for', () => {
  const { row } = running.serverRow(trans, server({ cpu: 3.4 }), moment());
  assert.equal(row.title, 'time\nReady · 21 MB\nCPU 3 %\nmcp-server-time');
  assert.match(running.chatRow(trans, chat({ culls_at: at(230) }), moment()).row.title, /Put away in 4 min/);
});

test('the question before all are shut down names what is cut off', () => {
  const idle = running.chatRow(trans, chat(), moment()).row;
  const busy = running.chatRow(trans, chat({ id: 't', name: 'Plot', execution_state: 'busy' }), moment()).row;
  assert.equal(
    running.shutDownAllText(trans, 'chats', [idle, busy]),
    '2 chats are put away. “Plot” is answering. Their messages are kept, and each comes back when it is opened.'
  );
  const calls = running.serverRow(trans, server({ busy: 1 }), moment()).row;
  assert.match(running.shutDownAllText(trans, 'servers', [calls]), /“time” has 1 call running/);
});

test('a chat that waits without being in memory has nothing to shut down', () => {
  const waits = (phase: 'ready' | 'stopped') =>
    running.chatRow(trans, chat({ phase, execution_state: 'waiting', active_run: run('r') }), moment()).row;
  assert.equal(waits('ready').held, true);
  assert.equal(waits('stopped').held, false);
});

test('rows are in the order of their names, and compared by what they say', () => {
  const rows = [chat({ id: '1', name: 'b' }), chat({ id: '2', name: 'a' })].map(one => running.chatRow(trans, one, moment()));
  assert.deepEqual(
    running.inOrder(rows).map(({ row }) => row.label),
    ['a', 'b']
  );
  const [one, other] = [rows, rows].map(list => list.map(({ row }) => ({ ...row })));
  assert.equal(running.sameRows(one, other), true);
  assert.equal(running.sameRows(one, one.slice(1)), false);
  assert.equal(running.sameRows(one, [{ ...one[0], detail: 'else' }, one[1]]), false);
});

test('the time of an answer is that of its work: it begins anew after a person was waited for', () => {
  const since = new Map<string, number>();
  const tell = (type: string, state: string, seconds: number) =>
    running.note(since, { type, run_id: 'r', state, time: at(seconds) } as unknown as FeedEvent);
  tell('run', 'queued', 0);
  assert.equal(since.size, 0);
  tell('run', 'calling_model', 1);
  tell('run', 'calling_tool', 5);
  assert.equal(since.get('r'), NOW + 1000);
  tell('run', 'awaiting_approval', 6);
  assert.equal(since.size, 0);
  tell('run', 'calling_tool', 60);
  assert.equal(since.get('r'), NOW + 60_000);
  tell('run_ended', 'done', 70);
  assert.equal(since.size, 0);
});
