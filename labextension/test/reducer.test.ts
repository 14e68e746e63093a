import assert from 'node:assert/strict';
import { test } from 'node:test';

import { blankAnswer, isTerminal, reduce, sliceCodePoints } from '../src/core/reducer';
import { IMessage, IToolPart, RunEvent } from '../src/core/wire';

type Bare = RunEvent extends infer E ? (E extends RunEvent ? Omit<E, 'seq' | 'run_id' | 'time'> : never) : never;

function after(...events: Bare[]): IMessage {
  return events.reduce<IMessage>(
    (message, event, i) => reduce(message, { ...event, seq: i + 1, run_id: 'r', time: 't' } as RunEvent),
    blankAnswer('s', 'r', 'm', '2026-11-23T10:00:00Z')
  );
}

const call: Bare = {
  type: 'toolCall',
  call_id: 'c',
  server: 'time',
  tool: 'get_current_time',
  title: '',
  arguments: { timezone: 'Asia/Tokyo' },
  part: 1,
  read_only: null,
  needs_approval: true,
  input_schema: { type: 'object' }
};

test('tokens gather in their part, at their offset', () => {
  const message = after(
    { type: 'start', session_id: 's', message_id: 'm2', user_message_id: 'u', model: 'demo' },
    { type: 'token', content: 'Hello', part: 0, offset: 0 },
    { type: 'token', content: ' world', part: 0, offset: 5 }
  );
  assert.equal(message.id, 'm2');
  assert.equal(message.seq, 3);
  assert.deepEqual(message.parts, [{ type: 'text', part: 0, content: 'Hello world' }]);
});

test('an offset counts code points, not UTF-16 units', () => {
  const message = after(
    { type: 'token', content: 'a😀b', part: 0, offset: 0 },
    { type: 'token', content: 'c', part: 0, offset: 3 }
  );
  assert.deepEqual(message.parts, [{ type: 'text', part: 0, content: 'a😀bc' }]);
  assert.equal(sliceCodePoints('😀😀', 1), '😀');
});

test('a replay that sends a part whole replaces what was there', () => {
  const message = after(
    { type: 'token', content: 'Hel', part: 0, offset: 0 },
    { type: 'token', content: 'Hello world', part: 0, offset: 0 }
  );
  assert.deepEqual(message.parts, [{ type: 'text', part: 0, content: 'Hello world' }]);
});

test('an event that was already counted in changes nothing', () => {
  const message = { ...blankAnswer('s', 'r', 'm', ''), seq: 5 };
  const event: RunEvent = { type: 'token', content: 'x', part: 0, offset: 0, seq: 5, run_id: 'r', time: 't' };
  assert.equal(reduce(message, event), message);
});

test('a part that an event does not touch keeps its identity', () => {
  const before = after({ type: 'token', content: 'Hello', part: 0, offset: 0 }, call);
  const event: RunEvent = { type: 'token', content: 'Then', part: 2, offset: 0, seq: 3, run_id: 'r', time: 't' };
  const next = reduce(before, event);
  assert.equal(next.parts[0], before.parts[0]);
  assert.equal(next.parts[1], before.parts[1]);
});

test('a call that needs approval makes the message wait until it is decided', () => {
  assert.equal(after(call).status, 'waiting');
  const allowed = after(call, { type: 'approval', call_id: 'c', decision: 'session', by: 'ada', arguments: { timezone: 'UTC' } });
  assert.equal(allowed.status, 'running');
  const part = allowed.parts[0] as IToolPart;
  assert.equal(part.status, 'running');
  assert.deepEqual(part.arguments, { timezone: 'UTC' });
});

test('of two calls one decided still leaves the message waiting', () => {
  const second: Bare = { ...call, call_id: 'd', part: 2 } as Bare;
  const message = after(call, second, { type: 'approval', call_id: 'c', decision: 'deny', by: 'ada' });
  assert.equal(message.status, 'waiting');
  assert.deepEqual(
    message.parts.map(part => part.type === 'tool' && part.status),
    ['denied', 'waiting']
  );
});

test('parts stand in the order of their numbers', () => {
  const message = after(call, { type: 'token', content: 'First', part: 0, offset: 0 });
  assert.deepEqual(
    message.parts.map(part => part.part),
    [0, 1]
  );
});

test('progress shows while a tool runs and leaves with its result', () => {
  const running: Bare[] = [
    { ...call, needs_approval: false } as Bare,
    { type: 'toolProgress', call_id: 'c', progress: 1, total: 2, message: 'half' }
  ];
  assert.deepEqual((after(...running).parts[0] as IToolPart).progress, { progress: 1, total: 2, message: 'half' });
  const done = after(...running, {
    type: 'toolResult',
    call_id: 'c',
    ok: true,
    status: 'done',
    content: '9:00',
    duration_ms: 12,
    truncated: false
  });
  const part = done.parts[0] as IToolPart;
  assert.equal(part.progress, undefined);
  assert.equal(part.status, 'done');
  assert.equal(part.content, '9:00');
});

test('cancelling keeps the text, leaves a running call unknown and withdraws a question', () => {
  const message = after({ type: 'token', content: 'So', part: 0, offset: 0 }, call, { type: 'cancelled', by: 'ada' });
  assert.equal(message.status, 'cancelled');
  assert.equal(message.parts[0].type === 'text' && message.parts[0].content, 'So');
  assert.equal((message.parts[1] as IToolPart).status, 'withdrawn');
  assert.equal((message.parts[1] as IToolPart).decision, null);
});

test('an error event becomes the error body of the message', () => {
  const event: Bare = { type: 'error', code: 'model_stream_broken', content: 'The answer broke off.', retryable: true };
  const message = after(event);
  assert.equal(message.status, 'failed');
  assert.equal(message.error?.message, 'The answer broke off.');
  assert.deepEqual(message.error?.actions, []);
});

test('exactly complete, error and cancelled are terminal', () => {
  const types = ['start', 'token', 'usage', 'complete', 'error', 'cancelled'];
  assert.deepEqual(
    types.filter(type => isTerminal({ type } as RunEvent)),
    ['complete', 'error', 'cancelled']
  );
});

test('an event of an unknown type only moves the sequence number', () => {
  const message = reduce(blankAnswer('s', 'r', 'm', ''), { type: 'novelty', seq: 4 } as unknown as RunEvent);
  assert.equal(message.seq, 4);
  assert.equal(message.status, 'running');
});

test('an error of the stream itself ends the message, whatever its number', () => {
  const before = { ...blankAnswer('s', 'r', 'm', ''), seq: 5 };
  const error = { type: 'error', code: 'gone', content: 'Gone.', retryable: true };
  for (const seq of [undefined, 0]) {
    const message = reduce(before, { ...error, seq } as unknown as RunEvent);
    assert.equal(message.status, 'failed');
    assert.equal(message.seq, 5);
  }
  const elsewhere = { ...before, seq: null };
  assert.equal(reduce(elsewhere, { ...error, seq: 0 } as unknown as RunEvent).seq, 0);
});

test('a call that waits knows what may be decided', () => {
  const part = after({ ...call, choices: ['once', 'deny'] } as Bare).parts[0];
  assert.deepEqual(part.type === 'tool' && part.choices, ['once', 'deny']);
});

const retry: Bare = {
  type: 'retry',
  attempt: 1,
  of: 3,
  seconds: 20,
  at: '2026-11-23T10:00:20Z',
  code: 'model_rate_limited',
  content: 'OpenAI asks you to slow down.',
  then: 'Your message is kept.',
  actions: ['try_now', 'choose_model']
};

test('a wait before another attempt stands in the message until the next sign of life', () => {
  const waiting = after(retry);
  assert.equal(waiting.status, 'running');
  assert.deepEqual(waiting.retry, {
    attempt: 1,
    of: 3,
    seconds: 20,
    at: '2026-11-23T10:00:20Z',
    code: 'model_rate_limited',
    content: 'OpenAI asks you to slow down.',
    then: 'Your message is kept.',
    actions: ['try_now', 'choose_model']
  });
  assert.equal(after(retry, { ...retry, attempt: 2 } as Bare).retry?.attempt, 2);
  for (const sign of [
    { type: 'token', content: 'So', part: 0, offset: 0 },
    { type: 'cancelled', by: 'ada' },
    { type: 'error', code: 'model_rate_limited', content: 'Slow down.', retryable: true }
  ] as Bare[]) {
    assert.equal(after(retry, sign).retry, null, sign.type);
  }
});
