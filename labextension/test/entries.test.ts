import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Column, entryOf, itemsOf, openAnswer, ownMessage, visible } from '../src/core/entries';
import { entriesOf, isOver } from '../src/core/merge';
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
  assert.equal(entriesOf([user('u', 'hi', 'r')], session, { known })[0].key, 'local-1');
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

const ids = (list: readonly { message: IMessage }[]) => list.map(entry => entry.message.id);

test('history that arrives during an answer stands before it, and the answer stays as the page has it', () => {
  const own = entryOf(user('own', 'new', ''));
  const live = entryOf(answer('live', '', 'running', [{ type: 'text', part: 0, content: 'So' }]));
  const list = entriesOf([user('u', 'old', 'r'), answer('a', 'r', 'complete')], session, {
    known: [own, live],
    live: 'live',
    before: new Set()
  });
  assert.deepEqual(ids(list), ['u', 'a', 'own', 'live']);
  assert.equal(list[3], live);
});

test('a message the server refused stays in its place', () => {
  const refused = entryOf(ownMessage('s', 'own', 'hi', [], false), { failure: {} as never });
  const known = [entryOf(user('u', 'a', 'r')), refused, entryOf(user('v', 'b', 'q'))];
  const list = entriesOf([user('u', 'a', 'r'), user('v', 'b', 'q')], session, {
    known,
    before: new Set(known.map(entry => entry.key))
  });
  assert.deepEqual(ids(list), ['u', 'own', 'v']);
});

test('a message that was removed elsewhere leaves, one added since the store was asked stays', () => {
  const known = [entryOf(user('u', 'a', 'r')), entryOf(user('v', 'b', 'q'))];
  assert.deepEqual(ids(entriesOf([], session, { known, before: new Set(['u']) })), ['v']);
});

test('a queued message of the store waits with an empty answer of its own', () => {
  const queued = { ...user('v', 'next', 'q'), status: 'queued' as const };
  const list = entriesOf([user('u', 'hi', 'r'), answer('a', 'r', 'running'), queued], session);
  assert.deepEqual(
    list.map(entry => entry.message.status),
    ['complete', 'running', 'queued', 'queued']
  );
  const known = [entryOf({ ...queued, id: 'own' }, { key: 'own' }), entryOf(answer('m', 'q', 'queued'), { key: 'm' })];
  assert.deepEqual(
    entriesOf([queued], session, { known }).map(entry => entry.key),
    ['own', 'm']
  );
});

test('a run that could not be read stays ended until the store knows its end', () => {
  const known = [entryOf(answer('a', 'r', 'failed'))];
  const active = { ...session, active_run: { id: 'r', state: 'calling_model' } };
  for (const messages of [[answer('a', 'r', 'running')], []]) {
    const list = entriesOf(messages, active, { known });
    assert.equal(list[0], known[0]);
    assert.equal(openAnswer(list), null);
    assert.equal(isOver(list, 'r'), true);
  }
  assert.equal(entriesOf([answer('a', 'r', 'complete')], session, { known })[0].message.status, 'complete');
});

test('of two entries for one message the named one stays', () => {
  const column = new Column();
  column.add(entryOf(user('u', 'hi', 'r')), entryOf(user('own', 'hi', 'r')), entryOf(answer('a', 'r', 'running')));
  column.only('own');
  assert.deepEqual(ids(column.entries), ['own', 'a']);
});
