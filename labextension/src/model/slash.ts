/** The `/` menu: `/tool`, then the MCP servers, then the tools of the one that was chosen. */
import { ChatCommand, IChatCommandProvider, IInputModel } from '@jupyter/chat';

import { completing } from '../core/slash';
import { IToolSpec } from '../core/wire';
import { IMandrake } from '../tokens';

export class ToolCommandProvider implements IChatCommandProvider {
  constructor(private readonly _mandrake: IMandrake) {}

  readonly id = 'mandrake-jupyter:tool';

  async listCommandCompletions(input: IInputModel): Promise<ChatCommand[]> {
    const { trans } = this._mandrake;
    const at = completing(input.value.slice(0, input.cursorIndex ?? input.value.length));
    if (!at) {
      return [];
    }
    switch (at.what) {
      case 'command':
        return this._matching(at.word, [['/tool', trans.__('Call a tool directly, with any model')]]);
      case 'server':
        return this._matching(
          at.word,
          this._servers().map(({ name, tools }) => [
            name,
            tools === null ? trans.__('MCP server') : trans._n('%1 tool', '%1 tools', tools)
          ])
        );
      case 'tool':
        return this._matching(
          at.word,
          (await this._toolsOf(at.server ?? '')).map(({ name, title, description }) => [
            name,
            title || description.split(/[.\n]/)[0].slice(0, 80)
          ])
        );
    }
  }

  async onSubmit(): Promise<void> {
    // What is written is what is sent.
  }

  private _servers() {
    return this._mandrake.project.mcpServers.filter(server => server.trusted);
  }

  /** A word that is there already needs no menu: Enter then sends. */
  private _matching(word: string, entries: [name: string, description: string][]): ChatCommand[] {
    return entries
      .filter(([name]) => name.startsWith(word) && name !== word)
      .map(([name, description]) => ({ name, description, providerId: this.id, spaceOnAccept: true }));
  }

  private async _toolsOf(server: string): Promise<IToolSpec[]> {
    if (!this._servers().some(({ name }) => name === server)) {
      return [];
    }
    let tools = this._tools.get(server);
    if (!tools) {
      const { api, project } = this._mandrake;
      tools = api.mcpTools(project.workspace, server);
      this._tools.set(server, tools);
      tools.catch(() => this._tools.delete(server));
    }
    return tools.catch(() => []);
  }

  private readonly _tools = new Map<string, Promise<IToolSpec[]>>();
}
