import assert from 'node:assert/strict';
import { test } from 'node:test';

import { contentOf, fieldsOf, fieldText, hostOf } from '../src/core/question';
import { blankAnswer, reduce } from '../src/core/reducer';
import { IMessage, IQuestion, IToolPart, RunEvent } from '../src/core/wire';

const question: IQuestion = {
  question_id: 'q',
  call_id: 'c',
  server: 'shop',
  message: 'What shall it be?',
  mode: 'form',
  schema: {
    type: 'object',
    required: ['name', 'size'],
    properties: {
      name: { type: 'string', title: 'Name', minLength: 2 },
      size: { type: 'string', oneOf: [{ const: 's', title: 'Small' }, { const: 'l', title: 'Large' }] },
      count: { type: 'integer', default: 1 },
      gift: { type: 'boolean' },
      extras: { type: 'array', items: { type: 'string', enum: ['card', 'ribbon'] } },
      when: { type: 'string', format: 'date' }
    }
  },
  url: null,
  expires: '2026-11-23T10:05:00Z'
};

test('a form has a field of its kind for each, with its title and what is proposed', () => {
  const fields = fieldsOf(question);
  assert.deepEqual(
    fields.map(({ name, kind }) => [name, kind]),
    [
      ['name', 'text'],
      ['size', 'choice'],
      ['count', 'integer'],
      ['gift', 'boolean'],
      ['extras', 'choices'],
      ['when', 'text']
    ]
  );
  assert.deepEqual([fields[1].choices, fields[1].titles], [['s', 'l'], ['Small', 'Large']]);
  assert.deepEqual([fields[0].title, fields[5].format], ['Name', 'date']);
  assert.deepEqual(
    fields.map(field => fieldText(question, field, {})),
    ['', '', '1', 'false', '', '']
  );
});

test('what is needed and empty, or no number, is a problem; what is empty and not needed is left out', () => {
  assert.deepEqual(contentOf(question, { count: 'two' }).problems, { name: 'needed', size: 'needed', count: 'number' });
  const { content, problems } = contentOf(question, { name: 'Ada', size: 'l', extras: 'card\nribbon' });
  assert.deepEqual(problems, {});
  assert.deepEqual(content, { name: 'Ada', size: 'l', count: 1, gift: false, extras: ['card', 'ribbon'] });
});

test('a form without fields is answered with nothing', () => {
  assert.deepEqual(contentOf({ ...question, schema: { type: 'object', properties: {} } }, {}).content, {});
});

test('the host of a page is shown as the browser would open it', () => {
  const page = (url: string | null) => hostOf({ ...question, mode: 'url', schema: null, url });
  assert.equal(page('https://example.com:8443/sign-in?x=https://other.org'), 'example.com:8443');
  assert.equal(page('https://xn--e1awd7f.com/'), 'xn--e1awd7f.com');
  assert.deepEqual([page('no address'), page(null)], ['', '']);
});

type Bare = RunEvent extends infer E ? (E extends RunEvent ? Omit<E, 'seq' | 'run_id' | 'time'> : never) : never;

function after(...events: Bare[]): IToolPart {
  const called: Bare = {
    type: 'toolCall',
    call_id: 'c',
    server: 'shop',
    tool: 'order',
    title: '',
    arguments: {},
    part: 0,
    read_only: null,
    needs_approval: false
  };
  const message = [called, ...events].reduce<IMessage>(
    (before, event, i) => reduce(before, { ...event, seq: i + 1, run_id: 'r', time: 't' } as RunEvent),
    blankAnswer('s', 'r', 'm', '2026-11-23T10:00:00Z')
  );
  return message.parts[0] as IToolPart;
}

const over: Bare = { type: 'questionAnswered', question_id: 'q', call_id: 'c', action: 'decline', by: 'bob' };

test('a question stands in its call until it is answered', () => {
  assert.deepEqual(after({ type: 'question', ...question }).question, question);
  const call = after({ type: 'question', ...question }, over);
  assert.equal(call.question, null);
  assert.equal(call.status, 'running');
});

test('no question outlives its call or its answer', () => {
  const result: Bare = { type: 'toolResult', call_id: 'c', ok: true, status: 'done', duration_ms: 1, truncated: false };
  assert.equal(after({ type: 'question', ...question }, result).question, null);
  assert.equal(after({ type: 'question', ...question }, { type: 'cancelled', by: null }).question, null);
});
