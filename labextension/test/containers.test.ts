import assert from 'node:assert/strict';
import { test } from 'node:test';

import { serverRow } from '../src/core/running';
import { IMcpConfig, IMcpServer, ITrustEntry, JsonObject } from '../src/core/wire';
import { AddModel } from '../src/dialogs/mcp/addmodel';
import * as paste from '../src/dialogs/mcp/entries';
import { factsOf } from '../src/dialogs/mcp/facts';
import * as status from '../src/dialogs/mcp/status';
import { effect } from '../src/dialogs/trust/entries';
import { error, trans } from './dialogwords';

const NOW = Date.parse('2026-11-25T10:00:00Z');
const box = (change: Partial<IMcpServer> = {}) =>
  ({
    id: 'w/box',
    name: 'box',
    workspace_id: 'w',
    transport: 'docker',
    origin: '.mandrake/mcp.json',
    command: 'mcp/files /data',
    container: {
      image: 'mcp/files',
      network: 'none',
      id: '3f5c0123456789abcdef',
      limits: { memory_mb: 512, open_files: 1024, processes: 128, cpus: 1 }
    },
    trusted: true,
    disabled: false,
    phase: 'ready',
    reason: '',
    error: null,
    busy: 0,
    instances: 1,
    tools: null,
    pid: 41,
    memory: 84 * 2 ** 20,
    cpu: 0.3,
    restarts: 0,
    crashes: 0,
    sharing: 'workspace',
    culls_at: null,
    last_activity: null,
    idle_seconds: null,
    ...change
  }) as IMcpServer;

test('a container says that it is one, and can be paused and resumed', () => {
  assert.deepEqual(status.badgeOf(trans, box()), { icon: 'box', label: 'container' });
  assert.deepEqual(status.actionsOf(box({ phase: 'paused' })), ['resume', 'stop', 'log']);
  assert.equal(status.actionLabel(trans, 'resume', box({ phase: 'paused' })), 'Resume');
  assert.equal(status.statusOf(trans, box({ phase: 'paused', memory: 310e6 })).words, 'Paused · keeps 310 MB of memory');
  assert.equal(status.canPause(box()), true);
  for (const not of [box({ busy: 1 }), box({ phase: 'stopped' }), box({ transport: 'stdio' }), box({ instances: 2 })]) {
    assert.equal(status.canPause(not), false);
  }
});

test('what Docker is to blame for is unavailable, not failed', () => {
  const refused = error('docker_refused', 'Docker did not start the container of the MCP server "box": no space left.');
  assert.deepEqual(status.statusOf(trans, box({ phase: 'failed', error: refused })), {
    icon: 'crossed',
    tone: 'off',
    words: 'Unavailable: Docker did not start the container of the MCP server "box": no space left'
  });
  const missing = error('docker_image_missing', 'The image "mcp/files" is not on your Docker engine.');
  assert.match(status.statusOf(trans, box({ phase: 'failed', error: missing })).words, /^Failed: The image/);
});

test('its facts are those of the container, memory as part of its limit', () => {
  const facts = factsOf(trans, box(), null, NOW);
  const words = Object.fromEntries(facts.map(({ name, value }) => [name, value]));
  assert.deepEqual(words, {
    Memory: '84 of 512 MiB',
    CPU: '0.3 %',
    Network: 'none',
    Container: '3f5c01234567',
    Image: 'mcp/files',
    Limits: '1 CPU, 128 processes, 1024 open files',
    From: '.mandrake/mcp.json'
  });
  assert.equal(facts[0].part, 84 / 512);
  const asleep = factsOf(trans, box({ phase: 'stopped', memory: null, cpu: null }), null, NOW);
  assert.deepEqual(asleep[0], { name: 'Memory', value: 'up to 512 MiB' });
  const boundless = { ...box().container!, limits: { memory_mb: 0 } };
  assert.deepEqual(
    factsOf(trans, box({ container: boundless }), null, NOW).filter(({ name }) => /Memory|Limits/.test(name)),
    [
      { name: 'Memory', value: '88 MB' },
      { name: 'Limits', value: 'none', wide: true }
    ]
  );
});

test('the list of what runs tells a container from a process', () => {
  const moment = { now: NOW, fetched: NOW, since: new Map<string, number>() };
  const row = (change: Partial<IMcpServer>) => serverRow(trans, box(change), moment).row;
  assert.deepEqual([row({}).icon, row({}).detail], ['box', 'Ready · 88 MB · container']);
  assert.equal(row({ busy: 1 }).detail, '1 call running · container');
  assert.deepEqual([row({ phase: 'paused' }).icon, row({ phase: 'paused' }).detail], ['pause', 'Paused · 88 MB · container']);
});

test('trust says what starts where', () => {
  const entry = { kind: 'mcp-server', command: 'docker run -i mcp/files', container: true } as ITrustEntry;
  assert.equal(effect(trans, entry), 'Starts this container on your Docker engine:');
});

const RUN = ['run', '-i', '-e', 'KEY', 'mcp/files'];
const plain = { command: 'docker', args: RUN, env: { KEY: '', OTHER: '' } };
const managed = { image: 'mcp/files', network: 'bridge', env: { KEY: '' } };
const parsed = (name = 'box'): paste.IParsedEntry => ({
  name,
  entry: plain,
  command: 'docker run -i -e KEY mcp/files',
  managed: { entry: managed, command: 'docker run -i --network bridge mcp/files', looser: ['It has a network.'] }
});

test('a docker run is added as a managed container unless the reader wants it as it is', () => {
  let draft = paste.draftOf(parsed());
  assert.equal(draft.contained, true);
  assert.deepEqual(draft.settings.map(({ name }) => name), ['KEY']);
  draft = { ...draft, settings: [{ ...draft.settings[0], value: 'k' }] };
  assert.deepEqual(paste.addBody([draft]), { name: 'box', entry: { ...managed, env: { KEY: 'k' } } });
  draft = paste.contain(draft, false);
  assert.equal(paste.chosen(draft).command, 'docker run -i -e KEY mcp/files');
  assert.deepEqual(paste.addBody([draft]), { name: 'box', entry: { ...plain, env: { KEY: 'k', OTHER: '' } } });
  assert.equal(paste.draftOf({ ...parsed(), managed: null }).contained, false);
});

test('an entry of the file is replaced by itself as a managed container, or stays', async () => {
  const sent: unknown[] = [];
  const config: IMcpConfig = { file: '', path: '', text: '{…}', exists: true, problems: [] };
  const model = new AddModel(
    {
      api: {
        config: async () => config,
        parse: async () => ({ entries: [parsed('other'), parsed(), { ...parsed('odd'), managed: null }], problems: [] }),
        test: async () => assert.fail('nothing is tested'),
        addMcpServer: async (_: string, body: JsonObject | object) => void sent.push(body)
      } as never,
      trans,
      workspace: 'default',
      explain: thrown => ({ status: null, body: error('page_error', String(thrown)) })
    },
    () => ['other', 'box', 'odd']
  );
  await model.replace('box');
  assert.deepEqual(model.drafts.map(({ name }) => name), ['box']);
  assert.equal(model.ready, true, 'its own name is free for it');
  assert.equal(await model.add(), true);
  assert.deepEqual(sent, [{ name: 'box', entry: managed }]);
  assert.equal(model.replaces, null);
  await model.replace('odd');
  assert.equal(model.ready, false);
  assert.match(model.failure?.message ?? '', /can’t be run as a managed container/);
  model.dispose();
});
