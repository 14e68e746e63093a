/** The project's own file of MCP servers, and what tells one state of it from the next. */
import { at, MandrakeApi } from '../../api';
import { IMcpConfig } from '../../core/wire';

export interface IConfigState extends IMcpConfig {
  etag: string;
}

export class ConfigApi extends MandrakeApi {
  read(w: string): Promise<IConfigState> {
    return this._state(w, { method: 'GET', cache: 'no-store' });
  }

  /** Write `text`, if the file is still the one that has `etag`. */
  write(w: string, text: string, etag: string): Promise<IConfigState> {
    return this._state(w, {
      method: 'PUT',
      headers: { 'Content-Type': 'application/json', 'If-Match': etag },
      body: JSON.stringify({ text })
    });
  }

  private async _state(w: string, init: RequestInit): Promise<IConfigState> {
    const response = await this.request(at('workspaces', w, 'mcp-servers', 'config'), init);
    return { ...((await response.json()) as IMcpConfig), etag: response.headers.get('ETag') ?? '*' };
  }
}
