import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ICatalogue, IErrorBody, IMcpServer, IProviderEntry, ITrustEntry } from '../src/core/wire';
import { aroundMark, day, MARK, withoutMessage } from '../src/dialogs/common/text';
import * as form from '../src/dialogs/connect/form';
import { remedyFor, worksText } from '../src/dialogs/connect/remedy';
import * as paste from '../src/dialogs/mcp/entries';
import * as status from '../src/dialogs/mcp/status';
import * as trust from '../src/dialogs/trust/entries';

/** As Lab's gettext fills in: %1 is the first argument, in plurals the number. */
const trans = {
  __: (text: string, ...args: unknown[]) => text.replace(/%(\d)/g, (_, n) => String(args[n - 1])),
  _n: (one: string, many: string, n: number, ...args: unknown[]) => trans.__(n === 1 ? one : many, n, ...args)
};

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
  models: [
    { id: 'demo/tiny', provider: 'demo', model: 'tiny', name: 'Demo', tools: false, local: true, state: 'ready', detail: '' }
  ],
  providers: [demo, url, provider(), provider({ id: 'openai', name: 'OpenAI', suggested_models: ['gpt'] })],
  demo: { state: 'ready', done_bytes: 0, total_bytes: 0, error: null },
  ...change
});
const typed = (change: Partial<form.IForm> = {}): form.IForm => ({ provider: '', key: '', url: '', model: 'm', ...change });
const error = (code: string, message = 'It failed.', then = ''): IErrorBody => ({
  message,
  then,
  code,
  reason: null,
  actions: [],
  retryable: false,
  retry_after: null
});

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

const server = (change: Partial<IMcpServer> = {}): IMcpServer => ({
  id: 'w/time',
  name: 'time',
  workspace_id: 'w',
  transport: 'stdio',
  origin: '.mandrake/mcp.json',
  command: 'mcp-server-time',
  trusted: true,
  phase: 'new',
  reason: '',
  error: null,
  execution_state: 'idle',
  last_activity: null,
  connections: 0,
  busy: 0,
  tools: null,
  pid: null,
  ...change
});
const says = (change: Partial<IMcpServer>, seconds = 0) => status.statusOf(trans, server(change), seconds).words;

test('every state of an MCP server has its words', () => {
  assert.equal(says({ trusted: false, phase: 'new' }), 'Came with this folder. Not started.');
  assert.equal(says({ phase: 'new' }), 'Stopped · starts at first use');
  assert.equal(says({ phase: 'stopped', tools: 9 }), 'Stopped · 9 tools · starts at first use');
  assert.equal(says({ phase: 'starting' }, 1), 'Starting…');
  assert.equal(says({ phase: 'starting' }, 3.7), 'Starting… 3 s');
  assert.equal(says({ phase: 'ready', tools: 1 }), 'Ready · 1 tool');
  assert.equal(says({ phase: 'ready', busy: 2, tools: 23 }), 'Ready · 2 calls running · 23 tools');
  assert.equal(says({ phase: 'stopping' }), 'Stopping…');
  assert.match(says({ phase: 'paused' }), /^Paused/);
});

test('a failure is said without its subject; a cause outside is "unavailable"', () => {
  const exited = error('mcp_exited_at_start', 'The MCP server "time" stopped right after its start.');
  assert.equal(says({ phase: 'failed', error: exited }), 'Failed: stopped right after its start');
  const off = server({ phase: 'failed', error: error('docker_off', 'Docker is not running.') });
  assert.deepEqual(status.statusOf(trans, off), {
    icon: 'crossed',
    tone: 'off',
    words: 'Unavailable: Docker is not running'
  });
});

test('every phase has its own shape', () => {
  const phases: IMcpServer['phase'][] = ['new', 'starting', 'ready', 'paused', 'failed'];
  const icons = [server({ trusted: false }), ...phases.map(phase => server({ phase }))].map(
    one => status.statusOf(trans, one).icon
  );
  assert.equal(new Set(icons).size, icons.length);
});

test('a row offers what can be done now', () => {
  assert.deepEqual(status.actionsOf(server({ trusted: false })), ['review']);
  assert.deepEqual(status.actionsOf(server({ phase: 'ready' })), ['restart', 'stop', 'log']);
  assert.deepEqual(status.actionsOf(server({ phase: 'ready', transport: 'builtin' })), []);
  assert.deepEqual(status.actionsOf(server({ phase: 'failed', error: error('docker_off') })), ['try_again']);
  assert.equal(status.actionLabel(trans, 'start', server({ phase: 'failed' })), 'Start again');
});

test('what needs the reader comes first, and nothing moves under the pointer', () => {
  const all = [
    server({ name: 'b', phase: 'stopped' }),
    server({ name: 'c', phase: 'ready' }),
    server({ name: 'd', phase: 'failed', error: error('mcp_error') }),
    server({ name: 'e', trusted: false })
  ];
  const names = (servers: IMcpServer[]) => servers.map(one => one.name).join('');
  assert.equal(names(status.arrange(all, [], false)), 'edcb');
  assert.equal(names(status.arrange([server({ name: 'a' }), ...all], ['b', 'c', 'd', 'e'], true)), 'bcdea');
  assert.equal(status.needAttention(all), 2);
});

test('one sentence is announced for a change of phase, none for the first look', () => {
  const before = [server({ phase: 'starting' }), server({ name: 'x', phase: 'ready' })];
  const now = [server({ phase: 'ready' }), server({ name: 'x', phase: 'ready' }), server({ name: 'y', phase: 'ready' })];
  assert.deepEqual(status.announcements(trans, before, now), ['time ready']);
});

const parsed = (entry: paste.IParsedEntry['entry'], name = 'fetch') => ({ name, entry, command: 'uvx mcp-server-fetch' });

test('empty settings become fields; what is typed goes into the entry, the rest stays', () => {
  const draft = paste.draftOf(parsed({ command: 'uvx', env: { PROXY_URL: '', KEEP: 'x', TOKEN: '' } }));
  assert.deepEqual(
    draft.settings.map(setting => setting.name),
    ['PROXY_URL', 'TOKEN']
  );
  draft.settings[1].value = 't';
  assert.deepEqual(paste.filled(draft), { command: 'uvx', env: { PROXY_URL: '', KEEP: 'x', TOKEN: 't' } });
  assert.deepEqual(draft.entry, { command: 'uvx', env: { PROXY_URL: '', KEEP: 'x', TOKEN: '' } });
});

test('a name must be there, plain, and not in use', () => {
  const draft = paste.draftOf(parsed({}));
  const check = (name: string) => paste.nameProblem(trans, name, ['time'], [{ ...draft, name }]);
  assert.equal(check('fetch'), null);
  assert.equal(check(' my.fetch-2 '), null);
  assert.match(check('') ?? '', /name/);
  assert.match(check('a/b') ?? '', /letters/);
  assert.match(check('time') ?? '', /already/);
  assert.match(paste.nameProblem(trans, 'a', [], [{ ...draft, name: 'a' }, { ...draft, name: 'a' }]) ?? '', /Two/);
});

test('one entry is added by its name, several at once, those switched off not at all', () => {
  const one = paste.draftOf(parsed({ command: 'a' }, 'a'));
  const two = paste.draftOf(parsed({ command: 'b' }, 'b'));
  assert.deepEqual(paste.addBody([one, { ...two, on: false }]), { name: 'a', entry: { command: 'a' } });
  assert.deepEqual(paste.addBody([one, two]), { mcpServers: { a: { command: 'a' }, b: { command: 'b' } } });
});

const pending = (change: Partial<ITrustEntry> = {}): ITrustEntry => ({
  id: 'mcp-server:notes:.mcp.json',
  kind: 'mcp-server',
  name: 'notes',
  file: '.mcp.json',
  command: 'npx -y notes ${TOKEN}',
  sends_to: null,
  hash: '',
  ...change
});

test('the trust dialog says what each entry would do, by what it is', () => {
  const model = pending({ kind: 'model', command: 'https://llm.example.org/v1 Authorization: ${KEY}' });
  const remote = pending({ command: 'https://mcp.example.org/sse' });
  assert.equal(trust.effect(trans, pending()), 'Starts this program on your Jupyter server:');
  assert.match(trust.effect(trans, model), /and one of your secrets, to:$/);
  assert.equal(trust.effect(trans, remote), 'Sends what its tools are given to:');
  assert.equal(trust.summary(trans, [pending(), model]), 'This folder asks to start programs and to send data.');
  assert.equal(trust.summary(trans, [model]), 'This folder asks to send data.');
  assert.equal(trust.nothingYet(trans, [pending()]), 'Nothing has started yet.');
});

test('settings of the reader that would be given away are named, each once', () => {
  assert.deepEqual(trust.secretsOf('x ${A} ${env:B} ${A:-none} $C'), ['A', 'B']);
  assert.deepEqual(trust.details(trans, pending({ sends_to: 'notes.example.org' })), [
    'Sends data to notes.example.org.',
    'Is given from your environment: TOKEN.'
  ]);
});

test('only what is still in the list can be trusted', () => {
  assert.deepEqual(trust.stillThere([pending({ id: 'a' }), pending({ id: 'b' })], new Set(['b', 'gone'])), ['b']);
});
