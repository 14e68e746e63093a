import assert from 'node:assert/strict';
import { test } from 'node:test';

import { IMcpHealth, IMcpServer } from '../src/core/wire';
import { findPlace, placeIn, problemText } from '../src/dialogs/config/words';
import * as form from '../src/dialogs/mcp/callform';
import * as facts from '../src/dialogs/mcp/facts';
import { testWords } from '../src/dialogs/mcp/entries';
import { trans } from './dialogwords';

test('a form is made of a schema as Python servers write it: references, and "this or nothing"', () => {
  const { fields, texts } = form.formOf({
    type: 'object',
    required: ['city', 'unit'],
    properties: {
      city: { type: 'string' },
      unit: { $ref: '#/$defs/Unit' },
      note: { anyOf: [{ type: 'string' }, { type: 'null' }], default: null },
      days: { type: ['integer', 'null'], default: 3 },
      deep: { $ref: '#/$defs/Loop' },
      odd: { anyOf: [{ type: 'string' }, { type: 'integer' }] }
    },
    $defs: { Unit: { enum: ['C', 'F'] }, Loop: { $ref: '#/$defs/Loop' } }
  });
  assert.deepEqual(
    fields.map(({ name, kind }) => `${name}:${kind}`),
    ['city:text', 'unit:choice', 'note:text', 'days:integer', 'deep:json', 'odd:json']
  );
  assert.equal(texts.days, '3');
  assert.equal(texts.note, '');
});

test('what is empty is left out of a call, what is required is asked for, what does not fit is named', () => {
  const { fields } = form.formOf({
    type: 'object',
    required: ['city'],
    properties: { city: { type: 'string' }, days: { type: 'integer' }, loud: { type: 'boolean' } }
  });
  assert.deepEqual(form.argumentsOf(fields, { city: 'Oslo' }), { args: { city: 'Oslo' }, problems: {}, missing: [] });
  assert.deepEqual(form.argumentsOf(fields, {}).missing, ['city']);
  assert.equal(form.argumentsOf(fields, { city: 'Oslo', days: '1.5' }).args, null);
  assert.deepEqual(form.argumentsOf(fields, { city: 'Oslo', days: '1.5' }).problems, { days: 'integer' });
  assert.deepEqual(form.argumentsOf(fields, { city: 'a', loud: 'true' }).args, { city: 'a', loud: true });
});

test('arguments written as JSON are an object or nothing', () => {
  assert.deepEqual(form.argumentsOfJson(''), {});
  assert.deepEqual(form.argumentsOfJson('{"a": 1}'), { a: 1 });
  assert.equal(form.argumentsOfJson('[1]'), null);
  assert.equal(form.argumentsOfJson('{'), null);
});

const health = (change: Partial<IMcpHealth>): IMcpHealth => ({
  status: 'ok',
  alive: true,
  answers: true,
  answered_ms: 3.2,
  checked: null,
  last_error: null,
  starts: 1,
  restarts: 0,
  crashes: 0,
  last_crash: null,
  calls: 14,
  failed_calls: 1,
  busy: 0,
  memory: null,
  cpu: null,
  uptime_seconds: 1920,
  ...change
});

test('health is said in words that claim no more than was asked', () => {
  const words = (change: Partial<IMcpHealth>) => facts.healthWords(trans, health(change)).words;
  assert.equal(words({}), 'Answers, 3 ms');
  assert.equal(words({ answered_ms: 0.2 }), 'Answers, 1 ms');
  assert.equal(words({ status: 'failing', answers: false }), 'Does not answer');
  assert.equal(words({ status: 'failing', alive: false, answers: null }), 'Is not running');
  assert.match(words({ status: 'asleep', alive: false, answers: null, answered_ms: null }), /^Asleep/);
});

test('the facts of an open row: what is known, crashes with their time, nothing empty', () => {
  const now = new Date(2026, 10, 25, 11, 0).getTime();
  const crash = new Date(2026, 10, 25, 10, 42).toISOString();
  const quiet = {
    phase: 'ready',
    memory: 84e6,
    cpu: 0.34,
    restarts: 1,
    pid: null,
    crashes: 2,
    last_crash: crash,
    sharing: 'workspace',
    instances: 1,
    origin: '.mandrake/mcp.json',
    last_activity: null,
    culls_at: null
  } as IMcpServer;
  const rows = facts.factsOf(trans, quiet, health({}), now).map(({ name, value }) => `${name}: ${value}`);
  assert.deepEqual(rows.slice(0, 5), ['Memory: 84 MB', 'CPU: 0.3 %', 'Running for: 32 min', 'Calls: 14, 1 failed', 'Restarts: 1']);
  assert.match(rows[5], /^Crashes: Crashed 2 times, last at .*42/);
  assert.deepEqual(rows.slice(6), ['From: .mandrake/mcp.json']);
});

test('a test that went well says how long it took and what it found', () => {
  assert.equal(testWords(trans, 1.23, 1), 'Works: started in 1.2 s, 1 tool.');
  assert.equal(testWords(trans, 0.2, 0), 'Works: started in 0.2 s, no tools.');
});

test('a problem names its file and line once', () => {
  const problem = { file: '.mcp.json', line: 3, name: 'a', message: '"command" must be a text.' };
  assert.equal(problemText(trans, problem), '.mcp.json, line 3: "command" must be a text.');
  assert.equal(problemText(trans, { ...problem, line: null }), '.mcp.json: "command" must be a text.');
  assert.equal(problemText(trans, { ...problem, message: '.mcp.json, line 3: no.' }), '.mcp.json, line 3: no.');
});

test('a place is found by its line, by a name, or in a sentence', () => {
  const text = '{\n  "mcpServers": {\n    "a.b": {}\n  }\n}';
  assert.deepEqual(findPlace(text, { line: 2 }), { line: 2, column: 1 });
  assert.deepEqual(findPlace(text, { name: 'a.b' }), { line: 3, column: 5 });
  assert.equal(findPlace(text, { name: 'axb' }), null);
  assert.deepEqual(placeIn('Expected "," (line 4, column 7).'), { line: 4, column: 7 });
  assert.equal(placeIn('It has 4 lines'), null);
});
