/** The one call of the REST API that only this view makes. */
import { MandrakeApi } from '../../api';
import { IParsed } from './entries';

export class PasteApi extends MandrakeApi {
  /** What `text` holds: JSON of any dialect, an address, a command line. Nothing is written or started. */
  parse(workspace: string, text: string): Promise<IParsed> {
    return this.send<IParsed>('POST', `workspaces/${encodeURIComponent(workspace)}/mcp-servers/parse`, { text });
  }
}
