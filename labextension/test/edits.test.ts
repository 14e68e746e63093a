import assert from 'node:assert/strict';
import { test } from 'node:test';

import { actionsOf } from '../src/core/actions';
import { argumentsOf, edit, Edits, isExact, shownText } from '../src/core/edits';
import { fields } from '../src/core/form';
import { JsonObject } from '../src/core/wire';

const given = JSON.parse('{"constructor": "rm", "toString": "x", "__proto__": "y"}') as JsonObject;
const schema: JsonObject = { type: 'object', properties: { path: { type: 'string' } } };

test('an argument with the name of a built-in is shown', () => {
  assert.deepEqual(
    fields(schema, given).map(field => field.name),
    ['path', 'constructor', 'toString', '__proto__']
  );
  const call = { arguments: given, input_schema: schema };
  assert.deepEqual(
    fields(schema, given).map(field => shownText({}, field, call)),
    ['', 'rm', 'x', 'y'].map(text => ({ text, edited: false }))
  );
});

test('a property of the schema with the name of a built-in has no value until one is given', () => {
  const call = { arguments: {}, input_schema: { properties: { constructor: { type: 'string' } } } };
  const [field] = fields(call.input_schema, call.arguments);
  assert.equal(field.kind, 'text');
  assert.deepEqual(shownText({}, field, call), { text: '', edited: false });
  assert.deepEqual(argumentsOf(call, {}), { changed: undefined, problems: {} });
});

test('such an argument can be edited like any other', () => {
  const call = { arguments: given, input_schema: null };
  let edits: Edits = {};
  for (const field of fields(null, given)) {
    edits = edit(edits, field, call, 'ls');
  }
  const { changed } = argumentsOf(call, edits);
  assert.equal(JSON.stringify(changed), '{"constructor":"ls","toString":"ls","__proto__":"ls"}');
  assert.deepEqual(Object.keys(edit(edits, fields(null, given)[0], call, 'rm')), ['toString', '__proto__']);
});

test('an action with the name of a built-in is unknown', () => {
  assert.deepEqual(actionsOf({ code: 'x', actions: ['constructor', 'toString'] }), []);
});

test('numbers that a browser rounds are noticed, wherever they are', () => {
  assert.ok(isExact(JSON.parse('{"a": 9007199254740991, "b": [1.5, -3, null, "x", true], "c": {"d": 1e-7}}')));
  for (const text of ['9007199254740993', '{"a": [{"b": 12345678901234567890}]}', '{"id": -9007199254740993}']) {
    assert.equal(isExact(JSON.parse(text)), false, text);
  }
});
