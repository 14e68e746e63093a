import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LogTail } from '../src/core/logtail';
import { ILogLine } from '../src/core/wire';

const line = (seq: number): ILogLine => ({ time: '', stream: 'stderr', text: `line ${seq}`, level: null, seq });

/** Each stream gives its lines, then stays open or breaks; each look gives the last ones. */
class Script {
  streams: { lines: number[]; breaks?: boolean }[] = [];
  looks: number[][] = [];
  asked: (number | null)[] = [];
  open = 0;
  seen: number[] = [];
  crowded = false;
  private _wishes: [() => boolean, () => void][] = [];

  readonly tail = new LogTail({
    follow: (after, signal) => this._follow(after, signal),
    look: async () => {
      const lines = (this.looks.shift() ?? this.seen).map(line);
      this._look();
      return lines;
    },
    onLines: (lines, anew) => {
      this.seen = [...(anew ? [] : this.seen), ...lines.map(({ seq }) => seq)];
      this._look();
    },
    crowded: () => this.crowded,
    delays: [0],
    interval: 0
  });

  /** Resolves when `wish` is so; the runner's own deadline ends a test whose wish never is. */
  until(wish: () => boolean): Promise<void> {
    return new Promise(resolve => {
      this._wishes.push([wish, resolve]);
      this._look();
    });
  }

  private async *_follow(after: number | null, signal: AbortSignal): AsyncGenerator<ILogLine> {
    this.asked.push(after);
    const { lines, breaks } = this.streams.shift() ?? { lines: [] };
    this.open++;
    try {
      for (const seq of lines) {
        yield line(seq);
      }
      if (breaks) {
        throw new Error('lost');
      }
      this._look();
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
    } finally {
      this.open--;
      this._look();
    }
  }

  private _look(): void {
    for (const [wish, resolve] of this._wishes) {
      if (wish()) {
        resolve();
      }
    }
  }
}

test('a log is resumed after its last line when the stream breaks', async () => {
  const script = new Script();
  script.streams = [{ lines: [1, 2], breaks: true }, { lines: [3] }];
  script.tail.wake();
  await script.until(() => script.seen.length === 3);
  assert.deepEqual(script.seen, [1, 2, 3]);
  assert.deepEqual(script.asked, [null, 2]);
  script.tail.sleep();
  await script.until(() => script.open === 0);
});

test('asleep it holds no connection, and awake again it misses nothing', async () => {
  const script = new Script();
  script.streams = [{ lines: [1] }, { lines: [2, 3] }];
  script.tail.wake();
  script.tail.wake();
  await script.until(() => script.seen.length === 1 && script.open === 1);
  script.tail.sleep();
  await script.until(() => script.open === 0);
  script.tail.wake();
  await script.until(() => script.seen.length === 3);
  assert.deepEqual(script.asked, [null, 1]);
  script.tail.sleep();
});

test('while the connection is wanted elsewhere it looks instead, and follows again after', async () => {
  const script = new Script();
  script.streams = [{ lines: [1] }, { lines: [4] }];
  script.looks = [[1, 2, 3]];
  script.tail.wake();
  await script.until(() => script.seen.length === 1 && script.open === 1);
  script.crowded = true;
  script.tail.recheck();
  await script.until(() => script.seen.length === 3);
  assert.equal(script.open, 0);
  script.crowded = false;
  script.tail.recheck();
  await script.until(() => script.seen.length === 4);
  assert.deepEqual(script.seen, [1, 2, 3, 4]);
  assert.deepEqual(script.asked, [null, 3]);
  script.tail.sleep();
});

test('lines that are numbered from the beginning again replace those of before', async () => {
  const script = new Script();
  script.streams = [{ lines: [7, 8], breaks: true }, { lines: [1, 2] }];
  script.tail.wake();
  await script.until(() => script.seen.includes(2));
  assert.deepEqual(script.seen, [1, 2]);
  script.tail.sleep();
});
