import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ILL, StoreWatch, WELL } from '../src/core/storewatch';
import { IFinding } from '../src/core/wire';
import { error } from './dialogwords';
import { timers } from './timers';

const FULL: IFinding = { code: 'store_full', level: 'error', message: 'The disk is full.', remedy: 'Free space.' };
const LOCKED: IFinding = { ...FULL, code: 'store_locked', message: 'It is locked.' };
const OTHER: IFinding = { ...FULL, code: 'model_missing' };

function watched() {
  const clock = timers();
  const state = { findings: [] as IFinding[], asked: 0, drawn: 0, visible: true, fails: false };
  const watch = new StoreWatch({
    ask: async () => {
      state.asked += 1;
      if (state.fails) {
        throw new Error('no network');
      }
      return { status: 'not_ready', findings: state.findings };
    },
    isVisible: () => state.visible,
    changed: () => (state.drawn += 1),
    after: clock.after
  });
  /** Time passes, and what it brought about is done. */
  const pass = async (milliseconds: number) => {
    clock.pass(milliseconds);
    await settled();
  };
  const said = () => watch.trouble?.message ?? null;
  const code = () => watch.trouble?.code ?? null;
  return { state, watch, pass, said, code };
}
const settled = () => new Promise<void>(resolve => setImmediate(resolve));

test('trouble is said when it is found, and goes by itself when it is over', async () => {
  const { state, watch, pass, code } = watched();
  state.findings = [OTHER];
  await watch.look();
  assert.equal(code(), null);
  state.findings = [OTHER, FULL];
  await pass(WELL - 1);
  assert.equal(code(), null);
  await pass(1);
  assert.equal(code(), 'store_full');
  await pass(ILL);
  assert.equal(state.drawn, 1);
  state.findings = [];
  await pass(ILL);
  assert.equal(code(), null);
  assert.equal(state.drawn, 2);
});

test('what was refused for the store is said at once, in the words of the finding, until it is over', async () => {
  const { state, watch, pass, said, code } = watched();
  state.findings = [{ ...FULL, code: 'store_not_writable' }];
  watch.refused(error('model_key_missing'));
  assert.equal(code(), null);
  watch.refused(error('store_read_only', 'It may not be written.', 'Allow it.'));
  assert.deepEqual(watch.trouble, { code: 'store_not_writable', message: 'It may not be written.', remedy: 'Allow it.' });
  await settled();
  assert.equal(said(), 'The disk is full.');
  state.findings = [];
  await pass(ILL);
  assert.equal(code(), null);
});

test('a lock that was in nobody’s way is said only when it lasts', async () => {
  const { state, watch, pass, code } = watched();
  state.findings = [LOCKED];
  await watch.look();
  assert.equal(code(), null);
  await pass(ILL);
  assert.equal(code(), 'store_locked');

  const other = watched();
  other.state.findings = [LOCKED];
  other.watch.refused(error('store_locked'));
  await settled();
  assert.equal(other.code(), 'store_locked');
});

test('an answer that ended for the store is a reason to look', async () => {
  const { state, watch, code } = watched();
  await watch.look();
  state.findings = [FULL];
  watch.ended('interrupted');
  watch.ended(null);
  await settled();
  assert.equal(state.asked, 1);
  watch.ended('store_full');
  await settled();
  assert.equal(code(), 'store_full');
});

test('who can not ask, or nobody who looks, asks for nothing and says nothing for ever', async () => {
  const { state, watch, pass, said, code } = watched();
  state.fails = true;
  watch.refused(error('store_full', 'Full.'));
  await settled();
  assert.equal(said(), 'Full.');
  await pass(ILL);
  await pass(ILL);
  assert.equal(code(), null);
  state.visible = false;
  const { asked } = state;
  await pass(WELL * 3);
  assert.equal(state.asked, asked);
  watch.dispose();
  state.visible = true;
  await pass(WELL * 3);
  assert.equal(state.asked, asked);
});
