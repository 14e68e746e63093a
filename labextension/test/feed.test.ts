import assert from 'node:assert/strict';
import { test } from 'node:test';

import { concerns, FeedReader } from '../src/core/feed';
import { FeedEvent, FeedLine } from '../src/core/wire';

const hello = (seq: number, instance = 'one', reset = false): FeedLine => ({
  type: 'hello',
  seq,
  instance,
  reset,
  time: '2026-11-25T10:00:00Z'
});
const moved = (seq: number) =>
  ({ type: 'moved', kind: 'session', workspace_id: 'w', id: 's', old: 'new', new: 'starting', seq, time: '' }) as FeedEvent;

class Refused extends Error {}

/** Each connection is its lines, then an error, if any; the last one stays open until the reader hangs up. */
function script(connections: [FeedLine[], Error?][], delays: readonly number[] = [0]) {
  const asked: (number | null)[] = [];
  const told: string[] = [];
  let all: () => void;
  const done = new Promise<void>(resolve => (all = resolve));
  const reader = new FeedReader({
    async *open(seq, signal) {
      const [lines, error] = connections[asked.push(seq) - 1];
      yield* lines;
      if (error) {
        throw error;
      }
      if (asked.length === connections.length) {
        all();
        await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()));
      }
    },
    onHello: (_, reset) => told.push(reset ? 'reset' : 'hello'),
    onEvent: event => told.push(`${event.seq}`),
    onLost: () => told.push('lost'),
    askedToWait: error => (error instanceof Refused ? 5 : null),
    delays
  });
  return { reader, asked, told, done };
}

test('after a loss it goes on from the last event', async () => {
  const { reader, asked, told, done } = script([
    [[hello(7, 'one', true), moved(8), moved(9)], new Error('broken')],
    [[hello(9), moved(10)]]
  ]);
  reader.wake();
  await done;
  assert.deepEqual(asked, [null, 9]);
  assert.deepEqual(told, ['reset', '8', '9', 'lost', 'hello', '10']);
  reader.sleep();
});

test('another start of the Jupyter server is a reset, whatever its numbers', async () => {
  const { reader, asked, told, done } = script([
    [[hello(3, 'one', true)], new Error('gone')],
    [[hello(3, 'two')], new Error('gone')],
    [[hello(5, 'two', true)]]
  ]);
  reader.wake();
  await done;
  assert.deepEqual(asked, [null, 3, 3]);
  assert.deepEqual(told, ['reset', 'lost', 'reset', 'lost', 'reset']);
  reader.sleep();
});

test('a hello in mid-stream is a reset, and reading goes on after its number', async () => {
  const { reader, asked, told, done } = script([
    [[hello(1, 'one', true), moved(2), hello(500, 'one', true)], new Error('gone')],
    [[hello(500)]]
  ]);
  reader.wake();
  await done;
  assert.deepEqual(asked, [null, 500]);
  assert.deepEqual(told, ['reset', '2', 'reset', 'lost', 'hello']);
  reader.sleep();
});

test('asleep it has no connection; awake again it knows where it was', async () => {
  const { reader, asked, done } = script([[[hello(1, 'one', true), moved(2)]], [[hello(2)]]]);
  reader.wake();
  await new Promise(resolve => setImmediate(resolve));
  assert.deepEqual(asked, [null]);
  reader.sleep();
  reader.sleep();
  await new Promise(resolve => setImmediate(resolve));
  assert.deepEqual(asked, [null], 'nothing is opened while it sleeps');
  reader.wake();
  reader.wake();
  await done;
  assert.deepEqual(asked, [null, 2]);
  reader.sleep();
});

test('asleep between two attempts it makes no further one', async () => {
  const { reader, asked } = script([[[], new Error('gone')], [[]]], [30]);
  reader.wake();
  await new Promise(resolve => setImmediate(resolve));
  reader.sleep();
  await new Promise(resolve => setTimeout(resolve, 60));
  assert.deepEqual(asked, [null]);
});

test('a server that asks to wait is given that time', async () => {
  const { reader, done } = script([[[], new Refused()], [[hello(1)]]]);
  const began = performance.now();
  reader.wake();
  await done;
  assert.ok(performance.now() - began >= 4);
  reader.sleep();
});

test('every event is about one resource', () => {
  const run = { type: 'run', workspace_id: 'w', session_id: 's', run_id: 'r', state: 'done', seq: 1, time: '' } as FeedEvent;
  const call = { type: 'tool_called', workspace_id: 'w', session_id: 's', server: 'time', seq: 1, time: '' } as FeedEvent;
  assert.deepEqual(concerns(run), { kind: 'session', workspace: 'w', id: 's' });
  assert.deepEqual(concerns(call), { kind: 'mcp_server', workspace: 'w', id: 'time' });
  assert.deepEqual(concerns(moved(1)), { kind: 'session', workspace: 'w', id: 's' });
});
