/** The calls of the REST API about a chat as a whole that only the panel makes: copies, what its tools did, what is allowed. */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { at, MandrakeApi } from './api';
import { IAuditRecord, IGrant, IReadiness, ISession } from './core/wire';

export class ChatApi extends MandrakeApi {
  /** A new chat with the same history, also of one that another Jupyter server is at work on. */
  copy = (w: string, s: string, name: string) =>
    this.send<ISession>('POST', at('workspaces', w, 'sessions', s, 'copy'), { name });
  restoreMessage = (w: string, s: string, m: string) =>
    this.send<void>('POST', at('workspaces', w, 'sessions', s, 'messages', m, 'restore'));
  /** The tool calls of a chat, newest first, those before the record `before`. */
  audit = (w: string, s: string, limit: number, before: number | null) =>
    this.get<IAuditRecord[]>(
      `${at('workspaces', w, 'audit')}?session=${encodeURIComponent(s)}&limit=${limit}${before === null ? '' : `&before=${before}`}`
    );
  grants = (w: string) => this.get<IGrant[]>(at('workspaces', w, 'grants'));
  revoke = (w: string, grant: IGrant) => this.send<void>('DELETE', at('workspaces', w, 'grants', String(grant.id)));
  /** Also where it is not ready: then it says why. */
  async ready(): Promise<IReadiness> {
    const url = URLExt.join(this.settings.baseUrl, 'mandrake', 'health', 'ready');
    const response = await ServerConnection.makeRequest(url, { method: 'GET', cache: 'no-store' }, this.settings);
    if (response.ok || response.status === 503) {
      const body = (await response.json()) as Partial<IReadiness>;
      if (body.findings) {
        return body as IReadiness;
      }
    }
    throw new Error(`Jupyter answered with status ${response.status}.`);
  }
}
