import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LineParser, readNdjson, StreamLostError } from '../src/core/ndjson';

function bodyOf(...chunks: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      chunks.forEach(chunk => controller.enqueue(chunk));
      controller.close();
    }
  });
}

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const value of values) {
    list.push(value);
  }
  return list;
}

test('a line may be cut anywhere, and blank lines are heartbeats', () => {
  const parser = new LineParser<{ a: number }>();
  assert.deepEqual(parser.push('{"a":1}\n\n{"a"'), [{ a: 1 }]);
  assert.deepEqual(parser.push(':2}\n{"a":3}\n'), [{ a: 2 }, { a: 3 }]);
});

test('a chunk may end inside a character', async () => {
  const bytes = new TextEncoder().encode('"😀"\n');
  assert.deepEqual(await collect(readNdjson<string>(bodyOf(bytes.slice(0, 3), bytes.slice(3)), 1000)), ['😀']);
});

test('a line that was cut off by the end is dropped', async () => {
  const bytes = new TextEncoder().encode('1\n{"a":');
  assert.deepEqual(await collect(readNdjson<number>(bodyOf(bytes), 1000)), [1]);
});

test('silence ends the stream as lost, and cancels the body', async () => {
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    cancel() {
      cancelled = true;
    }
  });
  await assert.rejects(collect(readNdjson(body, 5)), StreamLostError);
  assert.ok(cancelled);
});

test('a broken body is lost too', async () => {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.error(new TypeError('network error'));
    }
  });
  await assert.rejects(collect(readNdjson(body, 1000)), StreamLostError);
});

test('leaving the loop early closes the body', async () => {
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    start: controller => controller.enqueue(new TextEncoder().encode('1\n2\n')),
    cancel: () => {
      cancelled = true;
    }
  });
  for await (const value of readNdjson<number>(body, 1000)) {
    assert.equal(value, 1);
    break;
  }
  assert.ok(cancelled);
});
