import assert from 'node:assert/strict';
import { test } from 'node:test';

import { entryOf, openAnswer, ownMessage, textOf } from '../src/core/entries';
import { blankAnswer } from '../src/core/reducer';
import { isFollowed, isSettled, replacedBy, withReplaced } from '../src/core/revise';
import { IMessage } from '../src/core/wire';

const image = { type: 'image' as const, id: 'i', name: 'a.png', media_type: 'image/png', size: 3 };

function pair(run: string, text: string): IMessage[] {
  const question = { ...ownMessage('s', `u-${run}`, text, run === 'r1' ? [image] : [], false), run_id: run };
  const answer: IMessage = { ...blankAnswer('s', run, `a-${run}`, ''), status: 'complete' };
  return [question, answer];
}
const column = [...pair('r1', 'one'), ...pair('r2', 'two'), ...pair('r3', 'three')].map(message => entryOf(message));

test('an edited message replaces itself, its answer and all that follows', () => {
  const { kept, replaced } = replacedBy(column, column[2]);
  assert.deepEqual(kept.map(({ key }) => key), ['u-r1', 'a-r1']);
  assert.deepEqual(replaced.map(({ key }) => key), ['u-r2', 'a-r2', 'u-r3', 'a-r3']);
});

test('an answer asked for anew takes its question with it', () => {
  assert.deepEqual(replacedBy(column, column[3]), replacedBy(column, column[2]));
});

test('only what has more than its own answer behind it is followed', () => {
  assert.deepEqual(column.map(entry => isFollowed(column, entry)), [true, true, true, true, false, false]);
});

test('the new run stands in the place of the old one, with the edited words and the attachments as they were', () => {
  const now = withReplaced(column, column[0], { id: 'r9', message_id: 'a-r9' }, 'uno');
  assert.deepEqual(now.map(({ message }) => message.run_id), ['r9', 'r9']);
  assert.equal(textOf(now[0].message), 'uno');
  assert.deepEqual(now[0].message.attachments, [image]);
  assert.equal(now[1].message.id, 'a-r9');
  assert.equal(openAnswer(now), now[1]);
  assert.equal(textOf(withReplaced(column, column[1], { id: 'r9', message_id: 'a' }, null)[0].message), 'one');
});

test('what was not sent, waits or is at work can not be revised', () => {
  const [question, answer] = pair('r', 'x');
  assert.ok(isSettled(question) && isSettled(answer));
  assert.ok(!isSettled({ ...question, run_id: '' }));
  assert.ok(!isSettled({ ...question, status: 'queued' }));
  assert.ok(!isSettled({ ...answer, status: 'running' }));
});
