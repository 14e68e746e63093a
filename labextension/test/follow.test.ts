import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Follower, IConnection } from '../src/core/follow';
import { RunEvent } from '../src/core/wire';

const event = (type: string, seq: number) => ({ type, seq, run_id: 'r', time: '' }) as RunEvent;

class Loss extends Error {}

/** Each entry is one connection: events to give, then an error to throw, if any. */
function script(...connections: [RunEvent[], Error?][]) {
  const seen: number[] = [];
  const states: IConnection[] = [];
  let opened = 0;
  const follower = new Follower({
    async *open() {
      const [events, error] = connections[opened++];
      yield* events;
      if (error) {
        throw error;
      }
    },
    onEvent: e => seen.push(e.seq ?? 0),
    onConnection: state => states.push(state),
    isLoss: error => error instanceof Loss,
    delays: [0]
  });
  return { follower, seen, states, opened: () => opened };
}

test('a run is read to its terminal event', async () => {
  const { follower, seen, states } = script([[event('start', 1), event('complete', 2), event('token', 3)]]);
  await follower.run();
  assert.deepEqual(seen, [1, 2]);
  assert.deepEqual(states, []);
});

test('after a loss, or an end without a terminal event, it is opened again', async () => {
  const { follower, seen, opened } = script(
    [[event('start', 1)], new Loss()],
    [[event('token', 2)]],
    [[event('complete', 3)]]
  );
  await follower.run();
  assert.deepEqual(seen, [1, 2, 3]);
  assert.equal(opened(), 3);
});

test('an answer that is no loss ends the following', async () => {
  const { follower } = script([[event('start', 1)], new Error('no')]);
  await assert.rejects(follower.run(), /no/);
});

test('a short loss is not worth a word, a long one is', async () => {
  const states: IConnection[] = [];
  let time = 0;
  let opened = 0;
  const follower = new Follower({
    async *open() {
      opened += 1;
      time += 900;
      if (opened < 5) {
        throw new Loss();
      }
      yield event('complete', 1);
    },
    onEvent: () => undefined,
    onConnection: state => states.push(state),
    isLoss: () => true,
    now: () => time,
    delays: [1]
  });
  await follower.run();
  const lost = states.filter(state => state.retryAt !== null).map(state => state.lost);
  assert.deepEqual(lost, [false, false, false, true]);
  assert.deepEqual(states[states.length - 1], { lost: false, retryAt: null });
});

test('a loss is told of when it has lasted, not when the next attempt would be too late', async () => {
  const states: (IConnection & { at: number })[] = [];
  const began = Date.now();
  let opened = 0;
  const follower = new Follower({
    async *open() {
      opened += 1;
      if (opened < 2) {
        throw new Loss();
      }
      yield event('complete', 1);
    },
    onEvent: () => undefined,
    onConnection: state => states.push({ ...state, at: Date.now() - began }),
    isLoss: () => true,
    delays: [300],
    quiet: 200
  });
  await follower.run();
  assert.deepEqual(states.map(({ lost }) => lost), [false, true, true, false]);
  assert.ok(states[0].at < 150 && states[1].at >= 195, JSON.stringify(states));
  assert.equal(states[0].retryAt, states[1].retryAt);
});

test('an answer from the server ends the loss, also while nothing happens', async () => {
  const states: IConnection[] = [];
  let opened = 0;
  let quiet = () => undefined as void;
  const follower = new Follower({
    async *open(_, answered) {
      opened += 1;
      if (opened === 1) {
        throw new Loss();
      }
      answered();
      await new Promise<void>(resolve => (quiet = resolve));
      yield event('complete', 1);
    },
    onEvent: () => undefined,
    onConnection: state => {
      states.push(state);
      if (opened === 2) {
        setTimeout(() => quiet(), 0);
      }
    },
    isLoss: () => true,
    delays: [0]
  });
  await follower.run();
  assert.deepEqual(states[states.length - 1], { lost: false, retryAt: null });
});

test('try now ends the pause, close ends the following', async () => {
  let opened = 0;
  const paused: (() => void)[] = [];
  const follower = new Follower({
    async *open() {
      opened += 1;
      throw new Loss();
    },
    onEvent: () => undefined,
    onConnection: state => state.retryAt !== null && paused.shift()?.(),
    isLoss: () => true,
    delays: [60_000]
  });
  const pause = () => new Promise<void>(resolve => paused.push(() => setTimeout(resolve, 0)));
  const first = pause();
  const done = follower.run();
  await first;
  const second = pause();
  follower.tryNow();
  await second;
  assert.equal(opened, 2);
  follower.close();
  await done;
});
