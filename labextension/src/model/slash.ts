/**
 * The `/` menu: the command, then the MCP servers that have something for it, then their tools or prompts, then values for
 * a prompt's arguments where the MCP server proposes some. And what is malformed is told before it is sent.
 */
import { ChatCommand, IChatCommandProvider, IInputModel } from '@jupyter/chat';

import { At, completing, IAtValue, slashFault, valueInPlace, writtenValue } from '../core/slash';
import { IMcpServer, IPrompt, IToolSpec } from '../core/wire';
import { IMandrake } from '../tokens';

/** A name, what stands beside it in the menu, and what is written where that is more than the name. */
type Proposal = [name: string, description: string, replaceWith?: string];

export class SlashCommandProvider implements IChatCommandProvider {
  constructor(private readonly _mandrake: IMandrake) {}

  readonly id = 'mandrake-jupyter:slash';

  /** For what is written when the answer comes: the package shows the last answer, not that to the last question. */
  async listCommandCompletions(input: IInputModel): Promise<ChatCommand[]> {
    const before = beforeCursor(input);
    const found = await this._proposals(completing(before));
    return beforeCursor(input) === before ? found : this.listCommandCompletions(input);
  }

  async onSubmit(): Promise<void> {
    // What is written is what is sent.
  }

  private async _proposals(at: At | null): Promise<ChatCommand[]> {
    const { trans } = this._mandrake;
    switch (at?.what) {
      case 'command':
        return this._matching(at.word, [
          ['/tool', trans.__('Call a tool directly, with any model')],
          ['/prompt', trans.__('Send a prompt that an MCP server prepares')]
        ]);
      case 'server':
        return this._matching(at.word, at.command === '/tool' ? this._withTools() : await this._withPrompts());
      case 'tool':
        return this._matching(
          at.word,
          (await this._toolsOf(at.server)).map(({ name, title, description }) => [name, shortly(title, description)])
        );
      case 'prompt':
        return this._matching(at.word, (await this._promptsOf(at.server)).map(proposed));
      case 'value':
        return this._values(at);
      default:
        return [];
    }
  }

  private _servers(): readonly IMcpServer[] {
    return this._mandrake.project.mcpServers.filter(server => server.trusted);
  }

  private _withTools(): Proposal[] {
    const { trans } = this._mandrake;
    return this._servers().map(({ name, tools }) => [
      name,
      tools === null ? trans.__('MCP server') : trans._n('%1 tool', '%1 tools', tools)
    ]);
  }

  /** Those that are known to have none, our own among them, are left out; nothing is started to find out. */
  private async _withPrompts(): Promise<Proposal[]> {
    const { trans } = this._mandrake;
    const known = this._servers().filter(({ transport }) => transport !== 'builtin');
    return Promise.all(
      known.map(async ({ name, phase }): Promise<Proposal | null> => {
        if (phase !== 'ready' && !this._prompts.has(name)) {
          return [name, trans.__('MCP server')];
        }
        const { length } = await this._promptsOf(name);
        return length ? [name, trans._n('%1 prompt', '%1 prompts', length)] : null;
      })
    ).then(found => found.filter(one => one !== null));
  }

  /** Values are no words of their own: what is written of them may hold spaces, and the end of the JSON is added. */
  private async _values(at: IAtValue): Promise<ChatCommand[]> {
    const { api, project } = this._mandrake;
    const value = writtenValue(at);
    const prompt = (await this._promptsOf(at.server)).find(({ name }) => name === at.prompt);
    if (value === null || !prompt?.arguments.some(({ name }) => name === at.argument)) {
      return [];
    }
    const asked = { ref: { prompt: at.prompt }, argument: at.argument, value, arguments: at.known };
    const found = await api.complete(project.workspace, at.server, asked).catch(() => ({ values: [] }));
    const needed = prompt.arguments.filter(({ required }) => required).map(({ name }) => name);
    return found.values.flatMap(one => {
      const replaceWith = valueInPlace(at, one, needed);
      return replaceWith === null ? [] : [{ name: one, description: at.argument, providerId: this.id, replaceWith }];
    });
  }

  /** A word that is there already needs no menu: Enter then sends. */
  private _matching(word: string, entries: Proposal[]): ChatCommand[] {
    return entries
      .filter(([name]) => name.startsWith(word) && name !== word)
      .map(([name, description, replaceWith]) => ({
        name,
        description,
        providerId: this.id,
        replaceWith,
        spaceOnAccept: replaceWith === undefined
      }));
  }

  private _toolsOf(server: string): Promise<IToolSpec[]> {
    return this._once(this._tools, server, w => this._mandrake.api.mcpTools(w, server));
  }

  private _promptsOf(server: string): Promise<IPrompt[]> {
    return this._once(this._prompts, server, w => this._mandrake.api.mcpPrompts(w, server));
  }

  private async _once<T>(
    kept: Map<string, Promise<T[]>>,
    server: string,
    ask: (workspace: string) => Promise<T[]>
  ): Promise<T[]> {
    if (!this._servers().some(({ name }) => name === server)) {
      return [];
    }
    let found = kept.get(server);
    if (!found) {
      found = ask(this._mandrake.project.workspace);
      kept.set(server, found);
      found.catch(() => kept.delete(server));
    }
    return found.catch(() => []);
  }

  private readonly _tools = new Map<string, Promise<IToolSpec[]>>();
  private readonly _prompts = new Map<string, Promise<IPrompt[]>>();
}

function beforeCursor(input: IInputModel): string {
  return input.value.slice(0, input.cursorIndex ?? input.value.length);
}

/** A prompt that needs arguments is proposed with the first of them begun. */
function proposed({ name, title, description, arguments: all }: IPrompt): Proposal {
  const first = all.find(({ required }) => required);
  return [name, shortly(title, description), first && `${name} {${JSON.stringify(first.name)}: "`];
}

function shortly(title: string, description: string): string {
  return title || description.split(/[.\n]/)[0].slice(0, 80);
}

/** What is written can't be sent as it is. It stands in the input, and so does this. */
export class DraftFault extends Error {}

/** Why `text` can't be sent, which may be `known`; null where it can. What was written stays in the input, which the package empties. */
export function refused(input: IInputModel, text: string, known: string | null): DraftFault | null {
  const message = known ?? slashFault(text);
  if (message === null) {
    return null;
  }
  void Promise.resolve().then(() => (input.value = text));
  return new DraftFault(message);
}
