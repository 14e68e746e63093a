import assert from 'node:assert/strict';
import { test } from 'node:test';

import { actionsOf } from '../src/core/actions';
import { examples } from '../src/core/examples';
import { fields, fromText, IField, misfitWords, toText } from '../src/core/form';
import { matching, moved } from '../src/core/pick';
import {
  completing,
  formatTool,
  IAtValue,
  parsePrompt,
  parseTool,
  slashFault,
  valueInPlace,
  writtenValue
} from '../src/core/slash';
import { trans } from './dialogwords';

const say = (text: string) => text;

test('/tool is taken apart, and written again the same', () => {
  const text = '/tool time get_current_time {"timezone": "Asia/Tokyo"}';
  const command = parseTool(text);
  assert.deepEqual(command, { server: 'time', tool: 'get_current_time', arguments: { timezone: 'Asia/Tokyo' } });
  assert.equal(formatTool(command as { server: string; tool: string; arguments: { timezone: string } }), text);
});

test('arguments may be left out; what is not /tool is nothing; what is malformed says why', () => {
  assert.deepEqual(parseTool('/tool jupyter list_files'), { server: 'jupyter', tool: 'list_files', arguments: {} });
  assert.equal(parseTool('/toolbox a b'), null);
  assert.equal(parseTool('what is /tool a b'), null);
  assert.match((parseTool('/tool time') as Error).message, /SERVER TOOL/);
  assert.match((parseTool('/tool a b [1]') as Error).message, /JSON object/);
  assert.match((parseTool('/tool a b {') as Error).message, /not JSON/);
});

test('completion knows which word the cursor is in', () => {
  assert.deepEqual(completing('/to'), { what: 'command', word: '/to' });
  assert.deepEqual(completing('/tool ti'), { what: 'server', command: '/tool', word: 'ti' });
  assert.deepEqual(completing('/tool time '), { what: 'tool', server: 'time', word: '' });
  assert.equal(completing('/tool time now {'), null);
  assert.equal(completing('hello'), null);
});

test('a model with tools is asked in words, one without by /tool', () => {
  const situation = { tools: true, notebook: true, servers: ['jupyter', 'time'] };
  assert.deepEqual(
    examples(situation, say).map(example => example.id),
    ['folder', 'notebook', 'time', 'tool']
  );
  const demo = examples({ ...situation, tools: false }, say);
  assert.deepEqual(
    demo.map(example => example.id),
    ['folder', 'question', 'tool']
  );
  assert.equal(demo[0].message, '/tool jupyter list_files {}');
  assert.equal(demo[2].message, '/tool time get_current_time {"timezone": "Asia/Tokyo"}');
});

test('an example whose tool or notebook is missing is not shown', () => {
  assert.deepEqual(
    examples({ tools: true, notebook: false, servers: ['jupyter'] }, say).map(example => example.id),
    ['folder']
  );
});

const schema = {
  type: 'object',
  required: ['path'],
  properties: {
    path: { type: 'string', description: 'Where' },
    count: { type: 'integer' },
    deep: { type: 'boolean' },
    unit: { enum: ['C', 'F'] },
    names: { type: 'array', items: { type: 'string' } },
    rest: { type: 'object' }
  }
};

test('arguments become fields of their kinds, unknown ones by their value', () => {
  const list = fields(schema, { path: 'a', extra: 1 });
  assert.deepEqual(
    list.map(field => [field.name, field.kind]),
    [
      ['path', 'text'],
      ['count', 'integer'],
      ['deep', 'boolean'],
      ['unit', 'choice'],
      ['names', 'list'],
      ['rest', 'json'],
      ['extra', 'json']
    ]
  );
  assert.ok(list[0].required);
});

test('every value survives the way to text and back', () => {
  const value = { path: 'a\nb', count: 3, deep: true, unit: 'F', names: ['x', 'y'], rest: { a: [1] } };
  for (const field of fields(schema, value)) {
    const given = value[field.name as keyof typeof value];
    assert.deepEqual(fromText(field, toText(field.kind, given)), { value: given });
  }
});

test('a value that does not fit says why, and an empty optional one is left out', () => {
  const [, count] = fields(schema, {});
  assert.deepEqual(fromText(count, '1.5'), { problem: 'integer' });
  assert.deepEqual(fromText(count, 'x'), { problem: 'number' });
  assert.deepEqual(fromText(count, ''), { value: undefined });
  const json: IField = { name: 'rest', kind: 'json', description: '', required: false, choices: [] };
  assert.deepEqual(fromText(json, '{'), { problem: 'json' });
  assert.equal(misfitWords(trans, 'json'), 'This must be JSON.');
});

test('every action id of the server has a label, and unknown ones leave no button', () => {
  const ids = [
    'try_again', 'try_now', 'connect_model', 'change_key', 'choose_model', 'continue', 'start_over', 'edit_mcp_server',
    'open_log', 'wait_longer', 'open_mcp_servers', 'review_trust', 'fetch_demo_model', 'open_copy'
  ];
  for (const id of ids) {
    assert.equal(actionsOf({ code: 'x', actions: [id] }).length, 1, id);
  }
  assert.deepEqual(actionsOf({ code: 'x', actions: ['dance'] }), []);
  assert.deepEqual(actionsOf({ code: 'demo_model_missing', actions: ['try_again'] })[0].effect, { do: 'fetch_demo' });
});

test('once the demo model is here, its error card sends the message again', () => {
  const error = { code: 'demo_model_missing', actions: ['fetch_demo_model', 'connect_model'] };
  assert.deepEqual(actionsOf(error)[0].effect, { do: 'fetch_demo' });
  assert.deepEqual(actionsOf(error, true)[0], { id: 'try_again', label: 'Try again', effect: { do: 'resend' } });
});

test('/prompt is taken apart; its arguments are texts', () => {
  const text = '/prompt echo greet {"who": "Ada"}';
  assert.deepEqual(parsePrompt(text), { server: 'echo', prompt: 'greet', arguments: { who: 'Ada' } });
  assert.deepEqual(parsePrompt('/prompt echo greet'), { server: 'echo', prompt: 'greet', arguments: {} });
  assert.equal(parsePrompt('/prompts a b'), null);
  assert.match((parsePrompt('/prompt echo') as Error).message, /SERVER PROMPT/);
  assert.match((parsePrompt('/prompt a b {"n": 1}') as Error).message, /texts/);
});

test('what is malformed after a slash is told before it is sent; other messages are none of its business', () => {
  assert.match(slashFault('/tool') ?? '', /SERVER TOOL/);
  assert.match(slashFault('/prompt a b {') ?? '', /not JSON/);
  assert.equal(slashFault('/tool a b {}'), null);
  assert.equal(slashFault('what about /tool?'), null);
  assert.equal(slashFault('/other thing'), null);
});

test('completion goes through a prompt down to the values of its arguments', () => {
  assert.deepEqual(completing('/prompt ec'), { what: 'server', command: '/prompt', word: 'ec' });
  assert.deepEqual(completing('/prompt echo g'), { what: 'prompt', server: 'echo', word: 'g' });
  assert.equal(completing('/prompt echo greet {'), null);
  assert.equal(completing('/prompt echo greet {"who": "Ada"'), null);
  const at = completing('/prompt echo greet {"how": "war\\"mly", "who": "Ada L') as IAtValue;
  assert.deepEqual(at, {
    what: 'value',
    server: 'echo',
    prompt: 'greet',
    argument: 'who',
    raw: 'Ada L',
    known: { how: 'war"mly' },
    word: 'L'
  });
  assert.equal(writtenValue(at), 'Ada L');
});

test('a proposed value takes the place of the word at the cursor, and begins what is still needed', () => {
  const at = (before: string) => completing(before) as IAtValue;
  const first = at('/prompt echo greet {"who": "');
  assert.equal(valueInPlace(first, 'Ada', ['who', 'how']), '"Ada", "how": "');
  assert.equal(valueInPlace(first, 'Ada', ['who']), '"Ada"}');
  assert.equal(valueInPlace(at('/prompt echo greet {"who": "Ada L'), 'Ada Lovelace', ['who']), 'Lovelace"}');
  assert.equal(valueInPlace(at('/prompt echo greet {"who":"a'), 'Ada "A"', ['who']), '{"who":"Ada \\"A\\""}');
  assert.equal(valueInPlace(at('/prompt echo greet {"who": "B'), 'Ada', ['who']), null);
});

test('a list is narrowed by all words, and its arrows go round', () => {
  const entries = ['note://today Today', 'note://old Old notes', 'data://table Table'];
  assert.deepEqual(matching(entries, 'NOTE old', text => text), ['note://old Old notes']);
  assert.deepEqual(matching(entries, '  ', text => text), entries);
  assert.deepEqual([moved(0, 3, 'ArrowUp'), moved(2, 3, 'ArrowDown'), moved(0, 0, 'ArrowDown'), moved(1, 3, 'a')], [2, 0, null, null]);
  assert.deepEqual([moved(0, 30, 'PageDown'), moved(5, 30, 'PageUp')], [10, 0]);
});

test('a model that takes no images leaves two ways out: another one, or none of them', () => {
  const actions = actionsOf({ code: 'model_takes_no_images', actions: ['choose_model'] });
  assert.deepEqual(actions.map(({ id }) => id), ['choose_model', 'without_images']);
});
