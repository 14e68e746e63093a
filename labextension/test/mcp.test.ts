import assert from 'node:assert/strict';
import { test } from 'node:test';

import { IMcpServer, ITrustEntry } from '../src/core/wire';
import * as paste from '../src/dialogs/mcp/entries';
import * as status from '../src/dialogs/mcp/status';
import * as trust from '../src/dialogs/trust/entries';
import { error, trans } from './dialogwords';

const server = (change: Partial<IMcpServer> = {}): IMcpServer => ({
  id: 'w/time',
  name: 'time',
  workspace_id: 'w',
  transport: 'stdio',
  origin: '.mandrake/mcp.json',
  command: 'mcp-server-time',
  container: null,
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
  idle_seconds: null,
  culls_at: null,
  memory: null,
  cpu: null,
  disabled: false,
  sharing: 'workspace',
  instances: 0,
  restarts: 0,
  crashes: 0,
  last_crash: null,
  needs: [],
  ...change
});
const says = (change: Partial<IMcpServer>, seconds = 0) => status.statusOf(trans, server(change), seconds).words;

test('every state of an MCP server has its words', () => {
  assert.equal(says({ trusted: false, phase: 'new' }), 'Came with this folder. Not started.');
  assert.equal(says({ disabled: true }), 'Disabled · offers no tools');
  assert.equal(says({ phase: 'new' }), 'Stopped · starts at first use');
  assert.equal(says({ phase: 'stopped', tools: 9 }), 'Stopped · 9 tools · starts at first use');
  assert.equal(says({ phase: 'starting' }, 1), 'Starting…');
  assert.equal(says({ phase: 'starting' }, 3.7), 'Starting… 3 s');
  assert.equal(says({ phase: 'ready', tools: 1 }), 'Ready · 1 tool');
  assert.equal(says({ phase: 'ready', busy: 2, tools: 23 }), 'Ready · 2 calls running · 23 tools');
  assert.equal(says({ phase: 'stopping' }), 'Stopping…');
  assert.equal(says({ phase: 'paused', memory: 310e6 }), 'Paused · keeps 310 MB of memory');
  assert.match(says({ phase: 'paused' }), /^Paused/);
});

test('the end of an idle one is said in its last minutes, and shown by a ring', () => {
  const now = Date.parse('2026-11-25T10:00:00Z');
  const state = (at: string, busy = 0) =>
    status.statusOf(trans, server({ phase: 'ready', culls_at: at, memory: 21e6, busy }), 0, now);
  assert.deepEqual(state('2026-11-25T10:04:00Z'), { icon: 'ring', tone: 'ok', words: 'Ready · 21 MB · stops in 4 min' });
  assert.equal(state('2026-11-25T10:20:00Z').words, 'Ready · 21 MB');
  assert.equal(state('2026-11-25T10:04:00Z', 1).icon, 'full');
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
  assert.deepEqual(status.actionsOf(server({ disabled: true })), ['enable']);
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

const parsed = (entry: paste.IParsedEntry['entry'], name = 'fetch') => ({ name, entry, command: 'uvx mcp-server-fetch', managed: null });

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
  container: false,
  sends_to: null,
  hash: '',
  status: 'new',
  changed_since: null,
  difference: [],
  looser: [],
  needs: [],
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

test('instructions that came with a folder are said to be such', () => {
  const rules = pending({ kind: 'prompt', name: 'instructions', file: '.mandrake/prompt.md', command: 'Use ${TOKEN} always.' });
  assert.equal(trust.entryName(trans, rules), 'Instructions for the model');
  assert.match(trust.effect(trans, rules), /with every message in this project/);
  assert.deepEqual(trust.details(trans, rules), []);
  assert.equal(trust.summary(trans, [rules]), 'This folder asks to give the model instructions.');
  assert.equal(
    trust.summary(trans, [rules, pending()]),
    'This folder asks to start programs. It also has instructions for the model.'
  );
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

test('an MCP server says when it stops and what is lost with it', () => {
  const now = Date.parse('2026-11-25T10:00:00Z');
  assert.equal(
    status.stopsText(trans, '2026-11-25T10:04:30Z', now),
    'stops in 4 min. It starts again at its next use, without what it kept in its own memory.'
  );
});

test('a changed entry says since when, and in how many files', () => {
  const now = new Date('2026-11-25T10:00:00Z');
  const lines = [{ kind: 'removed' as const, text: 'a' }];
  const changed = (change: Partial<ITrustEntry>) =>
    trust.changedText(trans, pending({ status: 'changed', changed_since: '2026-11-12T12:00:00Z', ...change }), now, 'en-GB');
  assert.equal(
    changed({ difference: [{ file: null, lines }, { file: 'tools/server.py', lines }] }),
    'Trusted by you on 12 Nov. Changed since then, in 1 file.'
  );
  assert.equal(changed({ changed_since: null }), 'Trusted by you before. Changed since then.');
  assert.equal(trust.changedText(trans, pending(), now), null);
});

test('what an entry asks the reader for is apart from what it is given unasked', () => {
  const need = { description: '', password: true, options: null, default: null, key_name: null, has_value: false };
  const entry = pending({
    command: 'x ${HOME} ${secret:TEAM} ${input:token}',
    needs: [
      { ...need, id: 'TEAM', kind: 'secret' },
      { ...need, id: 'token', kind: 'input' },
      { ...need, id: 'HOME', kind: 'variable' }
    ]
  });
  assert.deepEqual(trust.details(trans, entry), ['Is given from your environment: HOME.', 'Asks you for: TEAM, token.']);
});
