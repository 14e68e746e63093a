import assert from 'node:assert/strict';
import { test } from 'node:test';

import { IErrorBody, IGrant, IToolResult, IToolSpec, Json, JsonObject, McpTest } from '../src/core/wire';
import { IPorts } from '../src/dialogs/common/ports';
import type { IConfigState } from '../src/dialogs/config/api';
import { ConfigModel } from '../src/dialogs/config/model';
import { AddModel } from '../src/dialogs/mcp/addmodel';
import { ToolsModel } from '../src/dialogs/mcp/toolsmodel';
import { error, trans } from './dialogwords';

/** A refusal, as the client throws it. */
class Refused extends Error {
  constructor(
    readonly status: number,
    readonly body: IErrorBody
  ) {
    super(body.message);
  }
}

function ports<T>(api: T): IPorts<T> {
  return {
    api,
    trans,
    workspace: 'default',
    explain: thrown =>
      thrown instanceof Refused ? thrown : { status: null, body: error('page_error', String(thrown)) }
  };
}

/** A promise and the ways to end it. */
function later<T>() {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((yes, no) => ([resolve, reject] = [yes, no]));
  return { promise, resolve, reject };
}

/** The file as a server keeps it: written only by who knows its state. */
class File {
  constructor(
    public text: string,
    public exists = true
  ) {}
  revision = 1;
  saves = 0;

  private get _state(): IConfigState {
    return {
      file: '.mandrake/mcp.json',
      path: '/p/.mandrake/mcp.json',
      text: this.text,
      exists: this.exists,
      problems: [],
      etag: `"${this.revision}"`
    };
  }

  readonly model = new ConfigModel(
    ports({
      read: async () => this._state,
      write: async (_: string, text: string, etag: string) => {
        if (etag !== `"${this.revision}"`) {
          throw new Refused(412, error('precondition_failed'));
        }
        if (text.includes('broken')) {
          throw new Refused(400, error('bad_request', 'Line 2, column 3: a comma is missing.'));
        }
        this.change(text);
        return this._state;
      }
    }),
    () => this.saves++
  );

  change(text: string): void {
    this.text = text;
    this.exists = true;
    this.revision++;
  }
}

test('a file is edited and saved; a second save knows of the first', async () => {
  const file = new File('{}');
  await file.model.load();
  assert.equal(file.model.dirty, false);
  file.model.type('{ }');
  assert.equal(file.model.dirty, true);
  assert.equal(await file.model.save(), true);
  assert.equal(file.model.justSaved, true);
  file.model.type('{  }');
  assert.equal(await file.model.save(), true);
  assert.equal(file.text, '{  }');
  assert.equal(file.saves, 2);
});

test('a file that is not there yet begins with the usual form, which nobody has to save', async () => {
  const file = new File('', false);
  await file.model.load();
  assert.match(file.model.text, /mcpServers/);
  assert.equal(file.model.mayClose(), true);
});

test('a file that was changed meanwhile is not written over until that is wanted', async () => {
  const file = new File('{}');
  await file.model.load();
  file.model.type('mine');
  file.change('theirs');
  assert.equal(await file.model.save(), false);
  assert.equal(file.text, 'theirs');
  assert.equal(file.model.text, 'mine');
  assert.equal(file.model.conflict?.text, 'theirs');
  assert.equal(await file.model.save(), false, 'not before it is decided');
  assert.equal(await file.model.keepMine(), true);
  assert.equal(file.text, 'mine');
});

test('what somebody else wrote can be taken instead', async () => {
  const file = new File('{}');
  await file.model.load();
  file.model.type('mine');
  file.change('theirs');
  await file.model.save();
  const before = file.model.revision;
  file.model.reload();
  assert.equal(file.model.text, 'theirs');
  assert.equal(file.model.revision, before + 1);
  assert.equal(file.model.dirty, false);
});

test('a text that does not parse is refused with its place, and stays as it was typed', async () => {
  const file = new File('{}');
  await file.model.load();
  file.model.type('broken');
  assert.equal(await file.model.save(), false);
  assert.deepEqual(file.model.wrongAt, { line: 2, column: 3 });
  assert.equal(file.model.text, 'broken');
  file.model.type('broken?');
  assert.equal(file.model.failure, null);
});

test('an editor with unsaved changes asks before it closes', async () => {
  const file = new File('{}');
  await file.model.load();
  file.model.type('{ }');
  assert.equal(file.model.mayClose(), false);
  assert.equal(file.model.asking, true);
  file.model.goOn();
  assert.equal(file.model.asking, false);
  await file.model.save();
  assert.equal(file.model.mayClose(), true);
});

const spec = (name: string, input_schema: JsonObject): IToolSpec => ({
  server: 'time',
  name,
  title: '',
  description: '',
  input_schema,
  read_only: null,
  destructive: null,
  idempotent: null,
  open_world: null
});
const NOW = spec('now', { type: 'object', required: ['zone'], properties: { zone: { type: 'string' } } });
const result: IToolResult = { ok: true, content: '10:42', structured: null, duration_ms: 3, truncated: false };

function tools(call: (args: Json, signal: AbortSignal) => Promise<IToolResult>, ...given: IGrant[]) {
  let used = 0;
  let grants = given;
  const model = new ToolsModel(
    ports({
      mcpTools: async () => [NOW],
      grants: async () => grants,
      revoke: async (_w: string, gone: IGrant) => void (grants = grants.filter(one => one.id !== gone.id)),
      call: (_w: string, _n: string, _t: string, args: JsonObject, signal: AbortSignal) => call(args, signal)
    }),
    'time',
    () => undefined,
    () => used++
  );
  return { model, used: () => used };
}

test('what was allowed of its tools is shown and can be taken back', async () => {
  const grant = (id: number, server: string): IGrant => ({
    id,
    server,
    tool: 'now',
    session_id: null,
    created: '2026-11-27T10:00:00Z',
    by: 'ann',
    current: true
  });
  const { model } = tools(async () => result, grant(1, 'time'), grant(2, 'other'));
  await model.toggle();
  assert.deepEqual(
    model.grants.map(one => one.id),
    [1]
  );
  await model.revoke(model.grants[0]);
  assert.deepEqual(model.grants, []);
  assert.equal(model.failure, null);
});

test('a tool is called with what its form holds, once it holds all that is needed', async () => {
  const asked: Json[] = [];
  const { model, used } = tools(async args => {
    asked.push(args);
    return result;
  });
  await model.toggle();
  model.choose(NOW);
  await model.run();
  assert.deepEqual(asked, []);
  assert.deepEqual(model.filled.missing, ['zone']);
  model.type('zone', 'Asia/Tokyo');
  await model.run();
  assert.deepEqual(asked, [{ zone: 'Asia/Tokyo' }]);
  assert.equal(model.call?.result?.content, '10:42');
  assert.equal(used(), 1);
});

test('the form becomes JSON and a form again without losing what was typed', async () => {
  const { model } = tools(async () => result);
  model.choose(NOW);
  model.type('zone', 'UTC');
  model.toggleRaw();
  assert.deepEqual(JSON.parse(model.call?.raw ?? ''), { zone: 'UTC' });
  model.typeRaw('{"zone": "CET"}');
  assert.deepEqual(model.filled.args, { zone: 'CET' });
  model.toggleRaw();
  assert.equal(model.call?.texts.zone, 'CET');
});

test('a call can be given up, and what comes of it after is nobody’s', async () => {
  const answer = later<IToolResult>();
  const { model } = tools((_, signal) => {
    signal.addEventListener('abort', () => answer.reject(new Error('aborted')));
    return answer.promise;
  });
  model.choose(NOW);
  model.type('zone', 'UTC');
  const running = model.run();
  assert.notEqual(model.call?.since, null);
  model.stop();
  await running;
  assert.equal(model.call?.since, null);
  assert.equal(model.call?.stopped, true);
  assert.equal(model.call?.failure, null);
});

test('a refused call is shown as an error, and may be made again', async () => {
  const { model } = tools(async () => {
    throw new Refused(502, error('mcp_error', 'It failed.'));
  });
  model.choose(NOW);
  model.type('zone', 'UTC');
  await model.run();
  assert.equal(model.call?.failure?.message, 'It failed.');
  assert.equal(model.call?.since, null);
});

/** The add form with two entries pasted; tests end when they are told to. */
async function pasted() {
  const trials: ReturnType<typeof later<McpTest>>[] = [];
  const entries = ['a', 'b'].map(name => ({ name, entry: { command: name, env: { KEY: '' } }, command: name, managed: null }));
  const read = later<void>();
  const tested: JsonObject[] = [];
  const model = new AddModel(
    ports({
      parse: async () => ({ entries, problems: [] }),
      test: (_w: string, _n: string, entry: JsonObject, signal: AbortSignal) => {
        const trial = later<McpTest>();
        trials.push(trial);
        tested.push(entry);
        signal.addEventListener('abort', () => trial.reject(new Error('aborted')));
        return trial.promise;
      },
      addMcpServer: async () => null,
      config: async () => ({ file: '', path: '', text: '', exists: false, problems: [] })
    }),
    () => []
  );
  model.changed.connect(() => model.read && read.resolve());
  model.edit('{…}');
  await read.promise;
  return { model, trials, tested };
}

const WORKS: McpTest = { ok: true, seconds: 1.2, tools: [NOW], protocol: null };

test('a test starts what is switched on with the settings that were typed', async () => {
  const { model, trials, tested } = await pasted();
  model.change(1, { on: false });
  model.change(0, { settings: [{ group: 'env', name: 'KEY', value: 'x' }] });
  const testing = model.test();
  assert.equal(model.testing, true);
  trials[0].resolve(WORKS);
  await testing;
  assert.deepEqual(tested, [{ command: 'a', env: { KEY: 'x' } }]);
  assert.deepEqual(model.trials.get(0), { test: WORKS });
  assert.equal(model.testing, false);
});

test('what came of a test is gone when what was tested is another', async () => {
  const { model, trials } = await pasted();
  model.change(1, { on: false });
  const testing = model.test();
  trials[0].resolve(WORKS);
  await testing;
  model.change(0, { name: 'c' });
  assert.equal(model.trials.size, 1, 'a name changes nothing');
  model.change(0, { settings: [] });
  assert.equal(model.trials.size, 0);
});

test('a test is given up by a word, and by the next key', async () => {
  const { model, trials } = await pasted();
  const testing = model.test();
  model.stopTest();
  await testing;
  assert.equal(model.testing, false);
  assert.equal(model.trials.size, 0);
  assert.equal(trials.length, 1, 'the second one is not tried');
  const again = model.test();
  model.edit('{… }');
  await again;
  assert.equal(model.testing, false);
  assert.equal(model.trials.size, 0);
  model.dispose();
});
