import assert from 'node:assert/strict';
import { test } from 'node:test';

import { entriesOf, entryOf, itemsOf, openAnswer, ownMessage, visible } from '../src/core/entries';
import { blankAnswer } from '../src/core/reducer';
import { IMessage, ISession, IToolPart } from '../src/core/wire';

const session = { id: 's', active_run: null, last_activity: '2026-11-23T10:00:00Z' } as ISession;

function user(id: string, text: string, run: string): IMessage {
  return { ...ownMessage('s', id, text, [], false), run_id: run };
}

function answer(id: string, run: string, status: IMessage['status'], parts: IMessage['parts'] = []): IMessage {
  return { ...blankAnswer('s', run, id, ''), status, parts };
}

const call = (part: number, status: IToolPart['status']): IToolPart =>
  ({ type: 'tool', part, call_id: `c${part}`, status, needs_approval: true }) as IToolPart;

test('a run at work without a message of its own gets an empty answer below its question', () => {
  const list = entriesOf([user('u', 'hi', 'r'), user('v', 'next', 'q')], {
    ...session,
    active_run: { id: 'r', state: 'calling_model' }
  });
  assert.deepEqual(
    list.map(entry => entry.message.role + entry.message.run_id),
    ['userr', 'assistantr', 'userq']
  );
});

test('what is on the page keeps its key when the store is read again', () => {
  const known = [entryOf(user('u', 'hi', 'r'), { key: 'local-1' })];
  assert.equal(entriesOf([user('u', 'hi', 'r')], session, known)[0].key, 'local-1');
});

test('the answer to follow is the first that has not ended', () => {
  const list = [answer('a', 'r', 'complete'), answer('b', 'q', 'running'), answer('c', 'p', 'queued')].map(m => entryOf(m));
  assert.equal(openAnswer(list)?.message.id, 'b');
  assert.equal(openAnswer([]), null);
});

test('a failed question leaves when the same one follows, and stays when another does', () => {
  const failed = [user('u', 'hi', 'r'), answer('a', 'r', 'failed')];
  const again = [...failed, user('v', 'hi', 'q'), answer('b', 'q', 'running')].map(m => entryOf(m));
  assert.deepEqual(
    visible(again).map(entry => entry.message.id),
    ['v', 'b']
  );
  const other = [...failed, user('v', 'else', 'q')].map(m => entryOf(m));
  assert.equal(visible(other).length, 3);
});

test('the empty answer of a queued message is not shown', () => {
  const list = [user('u', 'hi', 'r'), answer('a', 'r', 'queued')].map(m => entryOf(m));
  assert.deepEqual(
    visible(list).map(entry => entry.message.id),
    ['u']
  );
});

test('waiting calls that stand together are one question, decided ones stand alone', () => {
  const parts: IMessage['parts'] = [{ type: 'text', part: 0, content: 'So' }, call(1, 'waiting'), call(2, 'waiting')];
  const both = itemsOf(answer('a', 'r', 'waiting', parts), new Set());
  assert.deepEqual(
    both.map(item => item.key),
    ['part-0', 'question-1']
  );
  const one = itemsOf(answer('a', 'r', 'waiting', [parts[0], call(1, 'running'), call(2, 'waiting')]), new Set());
  assert.deepEqual(
    one.map(item => item.key),
    ['part-0', 'part-1', 'question-1']
  );
});

test('a call being decided stays in its question', () => {
  const message = answer('a', 'r', 'running', [call(1, 'running'), call(2, 'waiting')]);
  const [question] = itemsOf(message, new Set(['c1', 'c2']));
  assert.equal(question.kind === 'question' && question.calls.length, 2);
});
