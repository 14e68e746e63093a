import assert from 'node:assert/strict';
import { test } from 'node:test';

import { IFoundOption, joined, LIMITS, optionsOf, Search, TYPING } from '../src/core/search';
import { IFoundChat, IHit, ISearchAnswer } from '../src/core/wire';
import { timers } from './timers';

const hit = (kind: IHit['kind'], id: string | null = null): IHit => ({
  kind,
  message_id: id,
  run_id: id && `run of ${id}`,
  role: kind === 'title' ? null : 'user',
  part: id ? 0 : null,
  created: null,
  snippet: [{ text: id ?? 'title', mark: true }]
});
const found = (id: string, hits: IHit[]): IFoundChat => ({
  session: { id, workspace_id: 'w', name: id, last_activity: '' },
  hits,
  more: 0
});
const answerTo = (query: string, results: IFoundChat[], more = false): ISearchAnswer => ({
  query,
  messages: 1,
  chats: results.length,
  more,
  results
});

interface IAsked {
  query: string;
  limit: number;
  signal: AbortSignal;
  answer(results: IFoundChat[], more?: boolean): Promise<void>;
  fail(error: Error): Promise<void>;
}

function searching() {
  const clock = timers();
  const asked: IAsked[] = [];
  const soon = () => new Promise<void>(resolve => setImmediate(resolve));
  let drawn = 0;
  const search = new Search({
    ask: (query, limit, signal) =>
      new Promise((resolve, reject) =>
        asked.push({
          query,
          limit,
          signal,
          answer: (results, more) => (resolve(answerTo(query, results, more)), soon()),
          fail: error => (reject(error), soon())
        })
      ),
    changed: () => void drawn++,
    after: clock.after
  });
  return { search, clock, asked, drawn: () => drawn };
}

test('it is asked once the typing pauses, not for each key', () => {
  const { search, clock, asked } = searching();
  for (const query of ['m', 'mi', 'mis']) {
    search.type(query);
    clock.pass(TYPING - 1);
  }
  assert.equal(asked.length, 0);
  assert.equal(search.working, true);
  clock.pass(1);
  assert.deepEqual(
    asked.map(({ query, limit }) => [query, limit]),
    [['mis', LIMITS[0]]]
  );
});

test('an older answer never overwrites a newer one', async () => {
  const { search, clock, asked } = searching();
  search.type('one');
  clock.pass(TYPING);
  search.type('one two');
  clock.pass(TYPING);
  assert.equal(asked[0].signal.aborted, true);
  await asked[1].answer([found('new', [hit('title')])]);
  await asked[0].answer([found('old', [hit('title')])]);
  assert.equal(search.answer?.query, 'one two');
  assert.equal(search.options[0].chat.session.id, 'new');
  assert.equal(search.working, false);
});

test('the answer before stays until the next is there; nothing typed is nothing found', async () => {
  const { search, clock, asked } = searching();
  search.type('one');
  clock.pass(TYPING);
  await asked[0].answer([found('a', [hit('text', 'm1')])]);
  search.type('one more');
  assert.equal(search.answer?.query, 'one');
  search.type('   ');
  assert.equal(search.answer, null);
  assert.equal(search.working, false);
  clock.pass(TYPING);
  assert.equal(asked.length, 1);
});

test('blanks at the end or between change nothing', async () => {
  const { search, clock, asked } = searching();
  search.type('one two');
  clock.pass(TYPING);
  await asked[0].answer([]);
  search.type('one  two ');
  clock.pass(TYPING);
  assert.equal(asked.length, 1);
  assert.equal(search.query, 'one  two ');
});

test('a failure is said, and asked again on demand', async () => {
  const { search, clock, asked } = searching();
  search.type('one');
  clock.pass(TYPING);
  await asked[0].fail(new Error('no'));
  assert.equal(String(search.failure), 'Error: no');
  assert.equal(search.answer, null);
  search.again();
  await asked[1].answer([]);
  assert.equal(search.failure, null);
  assert.deepEqual(search.options, []);
  assert.equal(search.working, false);
});

test('the choice begins at the best and stays where it is while more chats come', async () => {
  const { search, clock, asked } = searching();
  search.type('one');
  clock.pass(TYPING);
  const chats = [found('a', [hit('text', 'm1'), hit('text', 'm2')]), found('b', [hit('text', 'm3')])];
  await asked[0].answer(chats, true);
  assert.equal(search.at, 0);
  search.move(2);
  assert.equal(search.more, true);
  search.further();
  assert.equal(asked[1].limit, LIMITS[1]);
  await asked[1].answer([...chats, found('c', [hit('title')])]);
  assert.equal(search.at, 2);
  assert.equal(search.more, false);
  search.type('two');
  clock.pass(TYPING);
  await asked[2].answer(chats);
  assert.equal(search.at, 0);
  assert.equal(asked[2].limit, LIMITS[0]);
});

test('Enter before the answer opens the best of the answer to what is typed', async () => {
  const { search, clock, asked } = searching();
  const opened: (string | null)[] = [];
  const open = ({ hit: { message_id } }: IFoundOption) => opened.push(message_id);
  search.type('one');
  search.choose(open);
  assert.equal(asked.length, 1);
  assert.deepEqual(opened, []);
  await asked[0].answer([found('a', [hit('text', 'm1')])]);
  assert.deepEqual(opened, ['m1']);
  search.choose(open);
  assert.deepEqual(opened, ['m1', 'm1']);
  search.type('two');
  search.choose(open);
  search.type('two words');
  clock.pass(TYPING);
  await asked[asked.length - 1].answer([found('b', [hit('text', 'm2')])]);
  assert.deepEqual(opened, ['m1', 'm1']);
});

test('a title stands before the messages of its chat, whatever their rank', () => {
  const options = optionsOf([found('a', [hit('text', 'm1'), hit('title')]), found('b', [hit('tool', 'm2')])]);
  assert.deepEqual(
    options.map(({ chat, hit: { kind } }) => `${chat.session.id} ${kind}`),
    ['a title', 'a text', 'b tool']
  );
});

test('found words that stand side by side are marked as one', () => {
  const part = (text: string, mark = false) => ({ text, mark });
  assert.deepEqual(joined([part('… '), part('missing', true), part(' '), part('val', true), part('ues'), part('x', true)]), [
    part('… '),
    part('missing val', true),
    part('ues'),
    part('x', true)
  ]);
  assert.deepEqual(joined([part(' '), part('a', true), part(' ')]), [part(' '), part('a', true), part(' ')]);
});
