import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fileName } from '../src/core/disposition';
import { IPage, nextOf, Pages } from '../src/core/pages';
import { IDeleted, OFFERED, Undo } from '../src/core/undo';
import { ISession } from '../src/core/wire';
import { timers } from './timers';

const chat = (number: number, name = `chat ${number}`) =>
  ({ id: `c${number}`, workspace_id: 'w', name, last_activity: `2026-11-27T10:00:${String(number).padStart(2, '0')}Z` }) as ISession;

/** A server with chats, newest first, in pages of `size`. */
function server(numbers: number[], size = 3) {
  const state = { chats: numbers.map(number => chat(number)), asked: [] as (string | null)[] };
  const fetch = async (after: string | null): Promise<IPage> => {
    state.asked.push(after);
    const sorted = [...state.chats].sort((a, b) => (a.last_activity < b.last_activity ? 1 : -1));
    const at = after === null ? 0 : sorted.findIndex(({ last_activity }) => last_activity < after);
    const items = (at < 0 ? [] : sorted.slice(at, at + size)).map(item => ({ ...item }));
    const whole = at < 0 || at + size >= sorted.length;
    return { items, next: whole ? null : items[items.length - 1].last_activity };
  };
  return { state, pages: new Pages(fetch) };
}
const ids = (pages: Pages) => (pages.items ?? []).map(({ id }) => id).join(' ');

test('chats come a page at a time, and what was read stays while the newest are read again', async () => {
  const { state, pages } = server([1, 2, 3, 4, 5, 6, 7]);
  assert.equal(pages.items, null);
  await pages.refresh();
  assert.equal(ids(pages), 'c7 c6 c5');
  await pages.older();
  state.chats.push(chat(8));
  await pages.refresh();
  assert.equal(ids(pages), 'c8 c7 c6 c5 c4 c3 c2');
  await pages.older();
  assert.equal(ids(pages), 'c8 c7 c6 c5 c4 c3 c2 c1');
  assert.equal(pages.more, false);
  await pages.older();
  assert.equal(ids(pages), 'c8 c7 c6 c5 c4 c3 c2 c1');
});

test('a chat that was deleted elsewhere leaves with the next look at the newest', async () => {
  const { state, pages } = server([1, 2, 3, 4, 5]);
  await pages.refresh();
  state.chats = state.chats.filter(({ id }) => id !== 'c4');
  await pages.refresh();
  assert.equal(ids(pages), 'c5 c3 c2');
});

test('an unchanged chat stays the same object, so that its row is not drawn again', async () => {
  const { state, pages } = server([1, 2]);
  await pages.refresh();
  const [two, one] = pages.items ?? [];
  state.chats[0] = chat(1, 'another name');
  await pages.refresh();
  assert.equal(pages.items?.[0], two);
  assert.notEqual(pages.items?.[1], one);
  assert.equal(pages.items?.[1].name, 'another name');
});

test('the next page is asked for once, however often it comes near', async () => {
  const { state, pages } = server([1, 2, 3, 4]);
  await pages.refresh();
  await Promise.all([pages.older(), pages.older()]);
  assert.equal(state.asked.length, 2);
  assert.equal(ids(pages), 'c4 c3 c2 c1');
});

test('after forgetting, only the newest are left', async () => {
  const { pages } = server([1, 2, 3, 4, 5, 6, 7]);
  await pages.refresh();
  await pages.older();
  pages.forget();
  assert.equal(pages.items?.length, 6);
  await pages.refresh();
  assert.equal(ids(pages), 'c7 c6 c5');
  assert.equal(pages.more, true);
});

test('a chat that comes back stands where it was; beyond what is listed it waits for its page', async () => {
  const { pages } = server([1, 3, 4, 5]);
  await pages.refresh();
  pages.drop('c4');
  assert.equal(ids(pages), 'c5 c3');
  pages.put(chat(4));
  assert.equal(ids(pages), 'c5 c4 c3');
  pages.put(chat(2));
  assert.equal(ids(pages), 'c5 c4 c3');
  await pages.older();
  pages.put(chat(0));
  assert.equal(ids(pages), 'c5 c4 c3 c1 c0');
});

test('the cursor of the next page is read from the Link header', () => {
  assert.equal(nextOf(null), null);
  assert.equal(nextOf('</mandrake/sessions?after=a%2Fb&limit=3>; rel="next"'), 'a/b');
  assert.equal(nextOf('<x?after=1>; rel="prev", <http://h/x?limit=3&after=2>; rel=next'), '2');
  assert.equal(nextOf('<x?after=1>; rel="prev"'), null);
});

test('an exported file has the name that the server gives it', () => {
  assert.equal(fileName('attachment; filename="a \\"b\\".md"'), 'a "b".md');
  assert.equal(fileName("attachment; filename=\"x.md\"; filename*=UTF-8''M%C3%BCll%20%E2%82%AC.md"), 'Müll €.md');
  assert.equal(fileName("attachment; filename*=UTF-8''%E0%A4%A; filename=plain.md"), 'plain.md');
  assert.equal(fileName(null), 'chat');
});

function deleting(restore: (deleted: IDeleted) => Promise<ISession> = async ({ session }) => session) {
  const clock = timers();
  const back: [string, boolean][] = [];
  const undo = new Undo({
    restore,
    restored: (_, { id, open }) => back.push([id, open]),
    changed: () => undefined,
    after: clock.after
  });
  const offered = () => undo.deleted.map(({ id }) => id).join(' ');
  return { clock, back, undo, offered };
}

test('a deleted chat can be brought back for ten seconds, each of several', async () => {
  const { clock, back, undo, offered } = deleting();
  undo.add(chat(1), true);
  clock.pass(OFFERED - 1);
  undo.add(chat(2), false);
  assert.equal(offered(), 'c1 c2');
  clock.pass(1);
  assert.equal(offered(), 'c2');
  await undo.undo('c1');
  assert.deepEqual(back, []);
  await undo.undo('c2');
  assert.deepEqual(back, [['c2', false]]);
  assert.equal(offered(), '');
});

test('nobody is hurried: while the pointer or the focus is there it waits longer, but not for ever', () => {
  const { clock, undo, offered } = deleting();
  undo.add(chat(1), false);
  clock.pass(OFFERED - 1);
  undo.hold(true);
  clock.pass(OFFERED * 2);
  assert.equal(offered(), 'c1');
  undo.hold(false);
  clock.pass(OFFERED - 1);
  assert.equal(offered(), 'c1');
  undo.hold(true);
  clock.pass(60_000);
  assert.equal(offered(), '');
});

test('what could not be brought back says why, and can be tried again', async () => {
  let fails = true;
  const { clock, back, undo } = deleting(async ({ session }) => {
    if (fails) {
      throw new Error('no network');
    }
    return session;
  });
  undo.add(chat(1), true);
  await undo.undo('c1');
  assert.equal(String(undo.deleted[0].failure), 'Error: no network');
  fails = false;
  clock.pass(OFFERED - 1);
  await undo.undo('c1');
  assert.deepEqual(back, [['c1', true]]);
});

test('two presses bring a chat back once', async () => {
  let asked = 0;
  const { back, undo } = deleting(async ({ session }) => {
    asked += 1;
    return session;
  });
  undo.add(chat(1), false);
  await Promise.all([undo.undo('c1'), undo.undo('c1')]);
  assert.equal(asked, 1);
  assert.equal(back.length, 1);
});

test('messages of a chat are brought back one by one, and go with it', async () => {
  const { back, undo, offered } = deleting();
  undo.add(chat(1), true, { id: 'm1', text: 'first' });
  undo.add(chat(1), true, { id: 'm2', text: 'second' });
  undo.add(chat(2), true, { id: 'm3', text: 'of another chat' });
  assert.equal(offered(), 'm1 m2 m3');
  await undo.undo('m1');
  assert.deepEqual(back, [['m1', true]]);
  undo.drop('c1');
  undo.add(chat(1), true);
  assert.equal(offered(), 'm3 c1');
});
