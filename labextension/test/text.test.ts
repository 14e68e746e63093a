import assert from 'node:assert/strict';
import { test } from 'node:test';

import { splitBlocks } from '../src/core/blocks';
import { byDay, clock, duration, firstLines, textSize, usageLine, when } from '../src/core/format';
import { ISession } from '../src/core/wire';
import { trans } from './dialogwords';

const say = (text: string) => text;
const paragraph = `${'word '.repeat(200).trim()}.`;

test('a short text is one block', () => {
  assert.deepEqual(splitBlocks('a\n\nb'), ['a\n\nb']);
});

test('a long text is cut at blank lines, and what is finished stays as it is', () => {
  const text = Array(12).fill(paragraph).join('\n\n');
  const whole = splitBlocks(text);
  assert.ok(whole.length > 2);
  assert.equal(whole.join('\n\n'), text);
  for (let end = 4000; end < text.length; end += 137) {
    const early = splitBlocks(text.slice(0, end));
    assert.deepEqual(early.slice(0, -1), whole.slice(0, early.length - 1));
  }
});

test('a code fence is never cut', () => {
  const code = '```python\n' + 'x = 1\n\n'.repeat(400) + '```';
  const text = `${paragraph}\n\n${paragraph}\n\n${code}\n\n${paragraph}`;
  for (const block of splitBlocks(text)) {
    assert.equal((block.match(/```/g) ?? []).length % 2, 0);
  }
});

test('a list with blank lines between its items is never cut', () => {
  const list = Array.from({ length: 60 }, (_, i) => `${i + 1}. ${'item '.repeat(12)}`).join('\n\n');
  assert.deepEqual(splitBlocks(list), [list]);
});

test('durations and usage read as people write them', () => {
  assert.equal(duration(trans, 12), '0.1 s');
  assert.equal(duration(trans, 230), '0.2 s');
  assert.equal(duration(trans, 14_200), '14 s');
  assert.equal(duration(trans, 125_000), '2 min 5 s');
  const usage = { input_tokens: 1240, output_tokens: 96, cache_read_tokens: 0, cost: 0.0051 };
  assert.equal(usageLine(trans, usage, duration(trans, 14_000)), '1,240 in · 96 out · $0.005 · 14 s');
  assert.equal(usageLine(trans, { ...usage, cost: null }, null), '1,240 in · 96 out');
  assert.equal(usageLine(trans, null, null), '');
  assert.equal(textSize('x'.repeat(412_000)), '412 KB');
});

test('what still counts has whole seconds', () => {
  assert.equal(clock(trans, 999), '0 s');
  assert.equal(clock(trans, 4_900), '4 s');
  assert.equal(clock(trans, 59_999), '59 s');
  assert.equal(clock(trans, 125_900), '2 min 5 s');
});

test('only the first lines of a long result are shown', () => {
  assert.deepEqual(firstLines('a\nb\nc', 2), { shown: 'a\nb', more: true });
  assert.deepEqual(firstLines('a\nb', 2), { shown: 'a\nb', more: false });
});

function chat(name: string, last_activity: Date): ISession {
  return { id: name, name, last_activity: last_activity.toISOString() } as ISession;
}

test('chats stand by day, the newest first', () => {
  const now = new Date(2026, 10, 23, 12);
  const chats = [
    chat('old', new Date(2026, 10, 3, 9)),
    chat('yesterday', new Date(2026, 10, 22, 23)),
    chat('morning', new Date(2026, 10, 23, 8)),
    chat('noon', new Date(2026, 10, 23, 11))
  ];
  assert.deepEqual(
    byDay(chats, now, say).map(day => [day.title, day.sessions.map(session => session.name)]),
    [
      ['Today', ['noon', 'morning']],
      ['Yesterday', ['yesterday']],
      ['Earlier', ['old']]
    ]
  );
  assert.ok(when(chats[3].last_activity, now).includes('11'));
});
