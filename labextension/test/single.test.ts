import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Single } from '../src/core/single';

/** Work that ends when the test says so. */
function work() {
  const ends: ((error?: Error) => void)[] = [];
  const single = new Single(
    () => new Promise((resolve, reject) => ends.push(error => (error ? reject(error) : resolve())))
  );
  return { single, ends };
}

test('what is asked for during the work is done once more, after it', async () => {
  const { single, ends } = work();
  const first = single.run();
  const second = single.run();
  const third = single.run();
  assert.equal(ends.length, 1);
  ends[0]();
  await first;
  await new Promise(resolve => setImmediate(resolve));
  assert.equal(ends.length, 2);
  ends[1]();
  await Promise.all([second, third]);
  assert.equal(ends.length, 2);
});

test('work that failed does not keep the next from being done', async () => {
  const { single, ends } = work();
  const first = single.run();
  const second = single.run();
  ends[0](new Error('no'));
  await assert.rejects(first, /no/);
  await new Promise(resolve => setImmediate(resolve));
  ends[1]();
  await second;
});
