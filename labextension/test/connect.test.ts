import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ICatalogue, IProviderEntry } from '../src/core/wire';
import { aroundMark, day, MARK, withoutMessage } from '../src/dialogs/common/text';
import * as form from '../src/dialogs/connect/form';
import { remedyFor, worksText } from '../src/dialogs/connect/remedy';
import { error, trans } from './dialogwords';

const provider = (change: Partial<IProviderEntry> = {}): IProviderEntry => ({
  id: 'anthropic',
  name: 'Anthropic',
  kind: 'key',
  host: 'api.anthropic.com',
  url: null,
  key_name: 'anthropic',
  has_key: false,
  key_origin: null,
  key_saved: null,
  suggested_models: ['claude-a', 'claude-b'],
  ...change
});
const url = provider({ id: 'openai-compatible', name: 'OpenAI-compatible', kind: 'url', host: null });
const demo = provider({ id: 'demo', name: 'Demo model (tiny, offline)', kind: 'demo', host: null, key_name: null });
const catalogue = (change: Partial<ICatalogue> = {}): ICatalogue => ({
  active: 'demo/tiny',
  origin: 'default',
  origin_note: '',
  origin_level: null,
  origin_file: null,
  models: [
    { id: 'demo/tiny', provider: 'demo', model: 'tiny', name: 'Demo', tools: false, local: true, state: 'ready', detail: '' }
  ],
  providers: [demo, url, provider(), provider({ id: 'openai', name: 'OpenAI', suggested_models: ['gpt'] })],
  demo: { state: 'ready', done_bytes: 0, total_bytes: 0, error: null },
  ...change
});
const typed = (change: Partial<form.IForm> = {}): form.IForm => ({ provider: '', key: '', url: '', model: 'm', ...change });
test('providers stand in their fixed order, unknown ones at the end', () => {
  const more = provider({ id: 'zeta' });
  const ids = form.orderProviders([more, ...catalogue().providers]).map(one => one.id);
  assert.deepEqual(ids, ['anthropic', 'openai', 'openai-compatible', 'demo', 'zeta']);
});

test('the dialog begins with the provider asked for, else the one in use, else the first', () => {
  assert.equal(form.firstProvider(catalogue(), 'openai'), 'openai');
  assert.equal(form.firstProvider(catalogue(), 'openai/gpt'), 'openai');
  assert.equal(form.firstProvider(catalogue(), 'no-such'), 'anthropic');
  const keyed = catalogue({ providers: [provider(), provider({ id: 'openai', has_key: true })] });
  assert.equal(form.firstProvider(keyed), 'openai');
});

test('choosing a provider fills in its likeliest model and never a key', () => {
  assert.deepEqual(form.formFor(catalogue(), provider()), { provider: 'anthropic', key: '', url: '', model: 'claude-a' });
});

test('the form says what is missing, and is whole without a key where the server has one', () => {
  const check = (of: IProviderEntry, what: Partial<form.IForm>) => form.missing(trans, of, typed(what), catalogue());
  assert.equal(check(provider(), {}), 'Enter a key.');
  assert.equal(check(provider(), { key: '  ' }), 'Enter a key.');
  assert.equal(check(provider(), { key: 'k' }), null);
  assert.equal(check(provider({ has_key: true }), {}), null);
  assert.equal(check(provider({ has_key: true }), { model: ' ' }), 'Enter the name of a model.');
  assert.equal(check(url, {}), 'Enter the address.');
  assert.match(check(url, { url: 'ftp://x' }) ?? '', /http:\/\//);
  assert.equal(check(url, { url: 'localhost:1234/v1' }), null);
});

test('an address may be typed without its scheme', () => {
  assert.equal(form.parseUrl('localhost:11434')?.href, 'http://localhost:11434/');
  assert.equal(form.parseUrl(' https://llm.example.org/v1 ')?.host, 'llm.example.org');
  assert.equal(form.parseUrl('http://'), null);
  assert.equal(form.parseUrl(''), null);
});

test('where messages go is said for every provider and every address', () => {
  const words = (of: IProviderEntry, address = '') =>
    form.destinationText(trans, form.destination(of, typed({ url: address })));
  assert.equal(words(demo), 'Stays on your Jupyter server.');
  assert.equal(words(url, 'http://127.0.0.1:8000/v1'), 'Stays on your Jupyter server.');
  assert.equal(words(url, 'http://[::1]:8000/v1'), 'Stays on your Jupyter server.');
  assert.equal(words(provider()), `Your messages, attached files and tool results will go to ${MARK}.`);
  assert.match(words(url, ''), /the host of this address/);
  assert.equal(words(url, 'http://127.evil.example/'), `Your messages, attached files and tool results will go to ${MARK}.`);
  assert.equal(form.destination(url, typed({ url: 'http://far.example.org' })).encrypted, false);
  assert.equal(form.destination(url, typed({ url: 'http://localhost:1' })).encrypted, true);
});

test('a request carries the key only when one was typed, without the blanks around it', () => {
  assert.deepEqual(form.requestBody(provider(), typed({ key: ' sk-ant-1 ', model: ' m ' })), {
    provider: 'anthropic',
    model: 'm',
    key: 'sk-ant-1'
  });
  assert.deepEqual(form.requestBody(url, typed({ url: 'localhost:1/v1/' })), {
    provider: 'openai-compatible',
    model: 'm',
    url: 'http://localhost:1/v1'
  });
});

test('a saved key is named by its day or its origin, never shown', () => {
  const now = new Date('2026-11-25T12:00:00Z');
  const saved = provider({ has_key: true, key_origin: 'keyring', key_saved: '2026-11-23T10:00:00.000000Z' });
  assert.match(form.savedKeyText(trans, saved, now), /^Key saved on .*23/);
  assert.match(form.savedKeyText(trans, provider({ key_origin: 'environment' }), now), /environment/);
  assert.match(form.keyHelp(trans, saved, false), /keyring/);
  assert.match(form.keyHelp(trans, provider({ key_origin: 'file' }), false), /file only you can read/);
});

test('a saved key serves its own address only', () => {
  const saved = { ...url, url: 'https://llm.example.org/v1', has_key: true };
  assert.equal(form.hasKeyFor(saved, typed({ url: 'https://llm.example.org/v2' })), true);
  assert.equal(form.hasKeyFor(saved, typed({ url: 'https://other.example.org/v1' })), false);
  assert.equal(form.hasKeyFor(provider({ has_key: true }), typed()), true);
});

test('a refused key leads to pasting it again; other refusals to their own way out', () => {
  const refused = remedyFor(trans, error('model_key_refused'), provider(), true);
  assert.equal(refused.title, 'Anthropic did not accept this key.');
  assert.equal(refused.then, `Copy it again from your Anthropic account, all of it. It starts with ${MARK}.`);
  assert.equal(refused.code, 'sk-ant-');
  assert.equal(refused.action.label, 'Clear and paste again');
  assert.match(remedyFor(trans, error('model_key_refused'), provider(), false).then, /withdrawn/);
  assert.equal(remedyFor(trans, error('model_not_available'), provider(), true).action.id, 'edit_model');
  assert.equal(remedyFor(trans, error('model_unreachable'), url, true).action.id, 'edit_url');
  const other = remedyFor(trans, error('model_rejected', 'No.', 'Your message is kept. Wait.'), provider(), true);
  assert.deepEqual([other.title, other.then, other.action.id], ['No.', 'Wait.', 'try_again']);
});

test('what works says how fast', () => {
  assert.equal(worksText(trans, 812), 'Works. First word after 0.8 s.');
  assert.equal(worksText(trans, 3), 'Works. First word after 0.1 s.');
});

test('sentences are cut at their marks; days know their year; a dialog has no message to keep', () => {
  assert.deepEqual(aroundMark(`to ${MARK}.`), ['to ', '.']);
  const now = new Date('2026-11-25T12:00:00Z');
  assert.equal(day('2026-11-23T10:00:00Z', now, 'en-GB'), '23 Nov');
  assert.equal(day('2025-11-23T10:00:00Z', now, 'en-GB'), '23 Nov 2025');
  assert.equal(day(null, now), '');
  assert.equal(withoutMessage('Your message is kept. Enter a new key.'), 'Enter a new key.');
});
