/** The tools of the open row, and the one that is called by hand: its form, its call, what came of it. */
import { IDisposable } from '@lumino/disposable';

import { IField, Misfit, toText } from '../../core/form';
import { IErrorBody, IGrant, IToolResult, IToolSpec, JsonObject } from '../../core/wire';
import type { IPorts } from '../common/ports';
import type { McpApi } from './api';
import { argumentsOf, argumentsOfJson, formOf } from './callform';

/** A tool that is about to be called, is called, or was. */
export interface ICall {
  tool: string;
  fields: IField[];
  texts: Readonly<Record<string, string>>;
  /** The arguments as JSON; null while they are a form. */
  raw: string | null;
  /** `Date.now()` of its beginning; null while none is at work. */
  since: number | null;
  result: IToolResult | null;
  failure: IErrorBody | null;
  /** The reader gave up waiting. */
  stopped: boolean;
}

export class ToolsModel implements IDisposable {
  /** @param _used called after each call */
  constructor(
    private readonly _ports: IPorts<Pick<McpApi, 'mcpTools' | 'call' | 'grants' | 'revoke'>>,
    private readonly _name: string,
    private readonly _changed: () => void,
    private readonly _used: () => void
  ) {}

  shown = false;
  list: IToolSpec[] | null = null;
  /** What people allowed of its tools beyond one call. */
  grants: IGrant[] = [];
  failure: IErrorBody | null = null;
  call: ICall | null = null;

  get isDisposed(): boolean {
    return this._disposed;
  }
  /** The arguments as they stand; null while they do not fit. */
  get filled(): { args: JsonObject | null; problems: Record<string, Misfit>; missing: string[] } {
    const { call } = this;
    if (!call) {
      return { args: null, problems: {}, missing: [] };
    }
    return call.raw === null
      ? argumentsOf(call.fields, call.texts)
      : { args: argumentsOfJson(call.raw), problems: {}, missing: [] };
  }

  dispose(): void {
    this._disposed = true;
    this._abort?.abort();
  }

  /** Show or hide the tools; the first time they are asked for, which may start the MCP server. */
  async toggle(): Promise<void> {
    this.shown = !this.shown;
    this.failure = null;
    this._changed();
    if (this.shown) {
      await (this.list ? this._lookAtGrants() : this.load());
    }
  }

  /** Ask for the tools anew: after a restart they may be others. */
  async load(): Promise<void> {
    try {
      this.list = await this._api.mcpTools(this._workspace, this._name);
      await this._lookAtGrants();
    } catch (error) {
      this.shown = false;
      this.failure = this._ports.explain(error).body;
    }
    this._tell();
  }

  /** Take a permission back: the next call is asked about. */
  async revoke(grant: IGrant): Promise<void> {
    try {
      await this._api.revoke(this._workspace, grant);
    } catch (error) {
      this.failure = this._ports.explain(error).body;
    }
    await this._lookAtGrants();
  }

  private async _lookAtGrants(): Promise<void> {
    try {
      const all = await this._api.grants(this._workspace);
      this.grants = all.filter(grant => grant.server === this._name);
    } catch (error) {
      this.failure = this._ports.explain(error).body;
    }
    this._tell();
  }

  /** Open the form of `tool`, or close it. */
  choose(tool: IToolSpec): void {
    this._abort?.abort();
    this.call =
      this.call?.tool === tool.name
        ? null
        : {
            tool: tool.name,
            ...formOf(tool.input_schema),
            raw: null,
            since: null,
            result: null,
            failure: null,
            stopped: false
          };
    this._changed();
  }

  type(field: string, text: string): void {
    this._put({ texts: { ...this.call?.texts, [field]: text } });
  }

  typeRaw(text: string): void {
    this._put({ raw: text });
  }

  /** From the form to JSON and back; back only what is in the form. */
  toggleRaw(): void {
    const { call } = this;
    if (!call) {
      return;
    }
    if (call.raw === null) {
      const { args } = argumentsOf(
        call.fields.map(field => ({ ...field, required: false })),
        call.texts
      );
      this._put({ raw: JSON.stringify(args ?? {}, null, 2) });
    } else {
      const args = argumentsOfJson(call.raw);
      const written = args && Object.keys(args).length > 0;
      this._put({ raw: null, ...(written ? { texts: textsOf(call.fields, args) } : {}) });
    }
  }

  async run(): Promise<void> {
    const { call } = this;
    const { args } = this.filled;
    if (!call || !args || call.since !== null) {
      return;
    }
    const abort = (this._abort = new AbortController());
    this._put({ since: Date.now(), result: null, failure: null, stopped: false });
    try {
      const result = await this._api.call(this._workspace, this._name, call.tool, args, abort.signal);
      this._end(abort, { result });
    } catch (error) {
      this._end(abort, abort.signal.aborted ? { stopped: true } : { failure: this._ports.explain(error).body });
    }
    this._used();
  }

  stop(): void {
    this._abort?.abort();
  }

  /** What came of a call, unless the reader is at another by now. */
  private _end(abort: AbortController, change: Partial<ICall>): void {
    if (this._abort === abort && this.call) {
      this._abort = null;
      this._put({ ...change, since: null });
    }
  }

  private _put(change: Partial<ICall>): void {
    this.call = this.call && { ...this.call, ...change };
    this._tell();
  }

  private _tell(): void {
    if (!this._disposed) {
      this._changed();
    }
  }

  private get _api() {
    return this._ports.api;
  }
  private get _workspace(): string {
    return this._ports.workspace;
  }

  private _abort: AbortController | null = null;
  private _disposed = false;
}

function textsOf(fields: readonly IField[], args: JsonObject): Record<string, string> {
  return Object.fromEntries(
    fields.map(field => [field.name, Object.hasOwn(args, field.name) ? toText(field.kind, args[field.name]) : ''])
  );
}
