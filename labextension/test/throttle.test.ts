import assert from 'node:assert/strict';
import { test } from 'node:test';

import { AdaptiveFlush, IClock } from '../src/core/throttle';

/** A clock that stands still until told; drawing costs what `cost` says. */
class Clock implements IClock {
  time = 0;
  cost = 0;
  now = () => this.time;
  after = (milliseconds: number, action: () => void) => {
    const entry = { at: this.time + milliseconds, action };
    this._due.push(entry);
    return () => {
      this._due = this._due.filter(other => other !== entry);
    };
  };
  drawn = (action: () => void) => {
    this.time += this.cost;
    action();
  };
  advance(milliseconds: number): void {
    const end = this.time + milliseconds;
    for (;;) {
      const next = this._due.filter(entry => entry.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) {
        break;
      }
      this._due = this._due.filter(entry => entry !== next);
      this.time = Math.max(this.time, next.at);
      next.action();
    }
    this.time = Math.max(this.time, end);
  }
  private _due: { at: number; action: () => void }[] = [];
}

function setUp(cost: number) {
  const clock = new Clock();
  clock.cost = cost;
  let count = 0;
  const flush = new AdaptiveFlush(() => void count++, clock);
  return { clock, flush, count: () => count };
}

test('the first word is drawn at once, the next ones together', () => {
  const { clock, flush, count } = setUp(0);
  flush.request();
  assert.equal(count(), 1);
  for (let i = 0; i < 20; i++) {
    flush.request();
  }
  assert.equal(count(), 1);
  clock.advance(50);
  assert.equal(count(), 2);
});

test('a second of fast tokens is at most twenty drawings', () => {
  const { clock, flush, count } = setUp(0);
  for (let i = 0; i < 200; i++) {
    flush.request();
    clock.advance(5);
  }
  assert.ok(count() <= 21, String(count()));
});

test('dear drawings come rarer, but never rarer than once a second', () => {
  const { clock, flush } = setUp(400);
  for (let i = 0; i < 60; i++) {
    flush.now();
  }
  assert.equal(flush.gap, 1000);
  clock.cost = 1;
  for (let i = 0; i < 60; i++) {
    flush.now();
  }
  assert.equal(flush.gap, 50);
});

test('after disposing nothing is drawn any more', () => {
  const { clock, flush, count } = setUp(0);
  flush.request();
  flush.request();
  flush.dispose();
  clock.advance(1000);
  assert.equal(count(), 1);
});
