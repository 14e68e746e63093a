import assert from 'node:assert/strict';
import { test } from 'node:test';

import { decisionOf, grantsOf, joined, nameOf, outcomeOf, ranFor } from '../src/core/activity';
import { IAuditRecord, IGrant } from '../src/core/wire';
import { ActivityModel, PAGE } from '../src/dialogs/activity/model';
import { error, trans } from './dialogwords';

const record = (id: number, fields: Partial<IAuditRecord> = {}) =>
  ({ id, tool: 'write', decision: 'once', by: 'ada', outcome: 'done', ...fields }) as IAuditRecord;
const grant = (id: number, session_id: string | null) =>
  ({ id, server: 'files', tool: 'write', session_id, current: true }) as IGrant;

test('each outcome has a word and a shape of its own', () => {
  const outcomes = ['done', 'failed', 'denied', 'withdrawn', 'unknown', null];
  const words = outcomes.map(outcome => outcomeOf(record(1, { outcome }), trans).words);
  assert.deepEqual(words, ['Done', 'Failed', 'Denied', 'Not run', 'Not known whether it finished', 'Running']);
  assert.equal(outcomeOf(record(1, { outcome: null, decision: null }), trans).words, 'Waits for you');
});

test('a decision says who made it, and why not; a name that Jupyter made up is left out', () => {
  const said = (fields: Partial<IAuditRecord>) => decisionOf(record(1, fields), trans);
  assert.equal(said({}), 'Allowed once by ada');
  assert.equal(said({ by: '4e83f321bd394cca861478fb5704a324' }), 'Allowed once');
  assert.equal(said({ decision: 'deny', reason: 'not that file' }), 'Denied by ada: not that file');
  assert.equal(said({ decision: 'deny', by: null, reason: null }), 'Denied');
  assert.equal(said({ decision: null }), '');
  for (const decision of ['session', 'workspace', 'granted', 'read_only', 'direct', 'timeout', 'withdrawn']) {
    assert.notEqual(said({ decision }), '', decision);
  }
  assert.equal(nameOf('deadbeef'), 'deadbeef');
});

test('how long a call ran counts from the decision; what was not run has no time', () => {
  const times = { decided: '2026-11-27T10:00:00Z', finished: '2026-11-27T10:00:02Z' };
  assert.equal(ranFor(record(1, times)), 2000);
  assert.equal(ranFor(record(1, { ...times, outcome: 'denied' })), null);
  assert.equal(ranFor(record(1, { ...times, finished: null })), null);
});

test('what is allowed in other chats does not count here', () => {
  const all = [grant(1, null), grant(2, 'here'), grant(3, 'there'), grant(4, 'here')];
  assert.deepEqual(grantsOf(all, 'here').map(({ id }) => id), [4, 2, 1]);
});

test('a record that is read again is as it is now, in its place', () => {
  const known = [record(3, { outcome: null }), record(2), record(1)];
  const now = joined(known, [record(4), record(3)]);
  assert.deepEqual(now.map(({ id, outcome }) => [id, outcome]), [[4, 'done'], [3, 'done'], [2, 'done'], [1, 'done']]);
});

function activity(count: number) {
  const calls = Array.from({ length: count }, (_, i) => record(count - i));
  const state = { calls, grants: [grant(7, 'c1'), grant(8, null)], gone: [] as number[], fails: null as unknown };
  const model = new ActivityModel(
    {
      workspace: 'w',
      trans,
      explain: thrown => ({ status: thrown === 'gone' ? 404 : null, body: error('x', String(thrown)) }),
      api: {
        audit: async (_w, _s, limit, before) => state.calls.filter(({ id }) => before === null || id < before).slice(0, limit),
        grants: async () => state.grants,
        revoke: async (_w, { id }) => {
          if (state.fails !== null) {
            throw state.fails;
          }
          state.gone.push(id);
        }
      }
    },
    'c1'
  );
  return { state, model };
}

test('calls come a page at a time, and new ones before those that were read', async () => {
  const { state, model } = activity(PAGE + 2);
  await model.refresh();
  assert.equal(model.records?.length, PAGE);
  assert.equal(model.more, true);
  await model.older();
  assert.equal(model.records?.length, PAGE + 2);
  assert.equal(model.more, false);
  state.calls = [record(PAGE + 3), ...state.calls];
  await model.refresh();
  assert.equal(model.records?.[0].id, PAGE + 3);
  assert.equal(model.records?.length, PAGE + 3);
  assert.equal(model.more, false);
});

test('what is taken back leaves the list; somebody else may have been first; a failure leaves it as it is', async () => {
  const { state, model } = activity(0);
  await model.refresh();
  assert.deepEqual(model.records, []);
  state.fails = 'no network';
  await model.takeBack(model.grants[0]);
  assert.equal(model.failure?.message, 'no network');
  assert.equal(model.grants.length, 2);
  state.fails = 'gone';
  await model.takeBack(model.grants[0]);
  assert.equal(model.failure, null);
  assert.deepEqual(model.grants.map(({ id }) => id), [8]);
  state.fails = null;
  await model.takeBack(model.grants[0]);
  assert.deepEqual(state.gone, [8]);
  assert.match(model.said, /write is asked about again/);
});
