/** The calls of the REST API that only this view makes. */
import { at, MandrakeApi } from '../../api';
import { IGrant, ILogLine, IMcpConfig, IMcpHealth, IMcpServer, IToolResult, JsonObject, McpTest } from '../../core/wire';
import { IParsed } from './entries';

/** Of a log, from this level on; null for all. What has no level is always there. */
export type Level = 'debug' | 'info' | 'warning' | 'error' | null;

export class McpApi extends MandrakeApi {
  /** What `text` holds: JSON of any dialect, an address, a command line. Nothing is written or started. */
  parse(w: string, text: string): Promise<IParsed> {
    return this.send('POST', at('workspaces', w, 'mcp-servers', 'parse'), { text });
  }

  /** Start `entry` once, apart from everything configured, list its tools, and stop it. */
  test(w: string, name: string, entry: JsonObject, signal: AbortSignal): Promise<McpTest> {
    return this.send('POST', at('workspaces', w, 'mcp-servers', 'test'), { name, entry }, {}, signal);
  }

  /** The project's own file as it is. */
  config(w: string): Promise<IMcpConfig> {
    return this.get(at('workspaces', w, 'mcp-servers', 'config'));
  }

  able(w: string, name: string, action: 'enable' | 'disable'): Promise<IMcpServer> {
    return this.send('POST', at('workspaces', w, 'mcp-servers', name, action));
  }

  /** Asks a living one whether it answers; wakes nothing. */
  health(w: string, name: string): Promise<IMcpHealth> {
    return this.get(at('workspaces', w, 'mcp-servers', name, 'health'));
  }

  call(w: string, name: string, tool: string, args: JsonObject, signal: AbortSignal): Promise<IToolResult> {
    return this.send('POST', at('workspaces', w, 'mcp-servers', name, 'call'), { tool, arguments: args }, {}, signal);
  }

  grants(w: string): Promise<IGrant[]> {
    return this.get(at('workspaces', w, 'grants'));
  }

  revoke(w: string, grant: IGrant): Promise<void> {
    return this.send('DELETE', at('workspaces', w, 'grants', String(grant.id)));
  }

  logs(w: string, name: string, tail: number, level: Level, signal: AbortSignal): Promise<ILogLine[]> {
    return this.get(`${at('workspaces', w, 'mcp-servers', name, 'logs')}?tail=${tail}${and('level', level)}`, signal);
  }

  /** The lines after `after`, else the last `tail`; then each as it comes. */
  followLogs(
    w: string,
    name: string,
    tail: number,
    level: Level,
    after: number | null,
    signal: AbortSignal
  ): AsyncGenerator<ILogLine> {
    const path = at('workspaces', w, 'mcp-servers', name, 'logs');
    const query = `follow=true&tail=${tail}${and('level', level)}${and('after', after)}`;
    return this.stream(`${path}?${query}`, { method: 'GET', signal, cache: 'no-store' });
  }
}

function and(name: string, value: string | number | null): string {
  return value === null ? '' : `&${name}=${value}`;
}
