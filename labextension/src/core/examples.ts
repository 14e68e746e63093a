/**
 * The examples on the empty page: which of them make sense with this model, these MCP servers and this notebook.
 */
import { formatTool } from './slash';

export interface IExample {
  id: 'folder' | 'notebook' | 'time' | 'tool' | 'question';
  icon: 'folder' | 'notebook' | 'clock' | 'wrench' | 'bubble';
  /** What the button says. */
  title: string;
  /** One line below it. */
  note: string;
  /** The message that is sent. */
  message: string;
  /** The title is code. */
  code: boolean;
}

export interface ISituation {
  /** The active model can call tools by itself. */
  tools: boolean;
  /** A notebook is open. */
  notebook: boolean;
  /** Names of the MCP servers that could be called. */
  servers: readonly string[];
}

const TOKYO = formatTool({ server: 'time', tool: 'get_current_time', arguments: { timezone: 'Asia/Tokyo' } });
const FILES = formatTool({ server: 'jupyter', tool: 'list_files', arguments: {} });

/** `say` translates. Examples whose tool is missing are left out. */
export function examples(situation: ISituation, say: (text: string) => string): IExample[] {
  const has = (server: string) => situation.servers.includes(server);
  const list: (IExample | false)[] = [
    has('jupyter') && {
      id: 'folder',
      icon: 'folder',
      title: say('What is in this folder?'),
      note: say('Lists your project files'),
      message: situation.tools ? say('What is in this folder?') : FILES,
      code: false
    },
    situation.tools &&
      situation.notebook &&
      has('jupyter') && {
        id: 'notebook',
        icon: 'notebook',
        title: say('Explain the open notebook'),
        note: say('Reads its cells, changes nothing'),
        message: say('Explain the open notebook'),
        code: false
      },
    situation.tools &&
      has('time') && {
        id: 'time',
        icon: 'clock',
        title: say('What time is it in Tokyo?'),
        note: say('Uses a tool of the MCP server “time”'),
        message: say('What time is it in Tokyo?'),
        code: false
      },
    !situation.tools && {
      id: 'question',
      icon: 'bubble',
      title: say('What is a Jupyter notebook?'),
      note: say('A plain question to the model'),
      message: say('What is a Jupyter notebook?'),
      code: false
    },
    has('time') && {
      id: 'tool',
      icon: 'wrench',
      title: '/tool time get_current_time',
      note: say('Calls a tool directly, with any model'),
      message: TOKYO,
      code: true
    }
  ];
  return list.filter((example): example is IExample => example !== false);
}
