/** What the activity of a chat shows: its tool calls, a page at a time, and what is allowed in it now. */
import { ISignal, Signal } from '@lumino/signaling';

import type { ChatApi } from '../../chatapi';
import { grantsOf, joined } from '../../core/activity';
import { Single } from '../../core/single';
import { IAuditRecord, IErrorBody, IGrant } from '../../core/wire';
import type { IPorts } from '../common/ports';

/** Records that are read at a time. */
export const PAGE = 50;

export class ActivityModel {
  constructor(
    private readonly _ports: IPorts<Pick<ChatApi, 'audit' | 'grants' | 'revoke'>>,
    private readonly _session: string
  ) {}

  /** Newest first; null until they were read. */
  records: readonly IAuditRecord[] | null = null;
  grants: readonly IGrant[] = [];
  /** There are older ones. */
  more = false;
  failure: IErrorBody | null = null;
  /** What was just done, for who can't see it. */
  said = '';

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Read the newest. Never rejects. */
  refresh(): Promise<void> {
    return this._newest.run();
  }

  /** Read those before the last one. Never rejects. */
  async older(): Promise<void> {
    const last = this.records?.[this.records.length - 1];
    if (last) {
      await this._try(async () => {
        const found = await this._api.audit(this._ports.workspace, this._session, PAGE, last.id);
        this.records = joined(this.records ?? [], found);
        this.more = found.length === PAGE;
      });
    }
  }

  /** From the next call on it is asked about. That somebody else was first is no failure. */
  async takeBack(grant: IGrant): Promise<void> {
    await this._try(async () => {
      try {
        await this._api.revoke(this._ports.workspace, grant);
      } catch (error) {
        if (this._ports.explain(error).status !== 404) {
          throw error;
        }
      }
      this.grants = this.grants.filter(({ id }) => id !== grant.id);
      this.said = this._ports.trans.__('%1 is asked about again from its next call on.', grant.tool);
    });
  }

  private async _read(): Promise<void> {
    await this._try(async () => {
      const { workspace } = this._ports;
      const [found, grants] = await Promise.all([
        this._api.audit(workspace, this._session, PAGE, null),
        this._api.grants(workspace)
      ]);
      this.more = this.records === null ? found.length === PAGE : this.more;
      this.records = joined(this.records ?? [], found);
      this.grants = grantsOf(grants, this._session);
    });
  }

  private async _try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.failure = null;
    } catch (error) {
      this.failure = this._ports.explain(error).body;
    }
    this._changed.emit();
  }

  private get _api() {
    return this._ports.api;
  }

  private readonly _newest = new Single(() => this._read());
  private readonly _changed = new Signal<this, void>(this);
}
