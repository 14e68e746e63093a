/**
 * What "Connect a model" knows and does: the form, its test, its saving. No DOM. The typed key lives here until the dialog
 * closes and goes nowhere but to `settings/keys` and `models/test`.
 */
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { ICatalogue, IErrorBody, IProviderEntry } from '../../core/wire';
import { IMandrake } from '../../tokens';
import { failureOf } from '../common/failure';
import { firstProvider, formFor, IForm, missing, requestBody, takesKey } from './form';

export type TestState =
  | { phase: 'idle' }
  | { phase: 'testing' }
  | { phase: 'works'; milliseconds: number }
  | { phase: 'refused'; error: IErrorBody; typed: boolean };

/** Milliseconds: the server ends a test after 10 s; a little more for the way. */
const TEST_LIMIT = 13_000;
const POLL = 1000;

export class ConnectModel implements IDisposable {
  /**
   * @param _wanted id of a provider or of one of its models
   * @param _newKey begin with an empty key field although a key is saved
   */
  constructor(
    private readonly _mandrake: IMandrake,
    private readonly _wanted?: string,
    private readonly _newKey = false
  ) {}

  catalogue: ICatalogue | null = null;
  form: IForm = { provider: '', key: '', url: '', model: '' };
  /** The key's field is shown although a key is saved. */
  replacing = false;
  /** "Remove" was pressed once. */
  removing = false;
  test: TestState = { phase: 'idle' };
  /** A request that changes something is under way. */
  saving = false;
  /** Why loading, saving or removing failed. */
  failure: IErrorBody | null = null;
  saved = false;

  get changed(): ISignal<this, void> {
    return this._changed;
  }
  get isDisposed(): boolean {
    return this._isDisposed;
  }
  get provider(): IProviderEntry | null {
    return this.catalogue?.providers.find(p => p.id === this.form.provider) ?? null;
  }
  /** Something was typed that closing would lose. */
  get dirty(): boolean {
    return this.form.key !== '';
  }
  /** A sentence, or null when the form is whole. */
  get missing(): string | null {
    const provider = this.provider;
    return provider && this.catalogue ? missing(this._mandrake.trans, provider, this.form, this.catalogue) : '';
  }

  /** Whole, and there to be asked: the demo model must be fetched first. */
  get testable(): boolean {
    const demo = this.provider?.kind === 'demo' && this.catalogue?.demo.state !== 'ready';
    return this.missing === null && !demo;
  }

  dispose(): void {
    this._isDisposed = true;
    this.form = { ...this.form, key: '' };
    window.clearTimeout(this._timer);
    Signal.clearData(this);
  }

  async load(): Promise<void> {
    this._set(() => (this.failure = null));
    await this._attempt(async () => {
      this._take(await this._api.models(this._workspace));
      this.choose(firstProvider(this.catalogue!, this._wanted));
      this._set(() => (this.replacing = this._newKey && this.provider?.has_key === true));
    });
  }

  choose(id: string): void {
    const provider = this.catalogue?.providers.find(p => p.id === id);
    if (provider && this.catalogue) {
      const form = formFor(this.catalogue, provider);
      this._set(() => {
        this.form = form;
        this.replacing = this.removing = false;
        this.failure = null;
        this._forgetTest();
      });
    }
  }

  edit(change: Partial<Omit<IForm, 'provider'>>): void {
    this._set(() => {
      this.form = { ...this.form, ...change };
      this._forgetTest();
    });
  }

  /** Show the key's field, empty. */
  enterKey(): void {
    this._set(() => {
      this.replacing = this.provider?.has_key ?? false;
      this.removing = false;
      this.form = { ...this.form, key: '' };
      this._forgetTest();
    });
  }

  keepKey(): void {
    this._set(() => {
      this.replacing = this.removing = false;
      this.form = { ...this.form, key: '' };
    });
  }

  askRemove(): void {
    this._set(() => (this.removing = true));
  }

  async removeKey(): Promise<void> {
    const name = this.provider?.key_name;
    if (!name || this.saving) {
      return;
    }
    await this._work(async () => {
      await this._api.deleteKey(name);
      this._take(await this._api.models(this._workspace));
      this.removing = this.replacing = false;
      this._forgetTest();
    });
  }

  async runTest(): Promise<void> {
    const provider = this.provider;
    if (!provider || !this.testable || this.test.phase === 'testing') {
      return;
    }
    const body = requestBody(provider, this.form);
    const turn = ++this._turn;
    this._set(() => (this.test = { phase: 'testing' }));
    const answer = await this._answer(body);
    if (turn === this._turn) {
      this._set(() => {
        this.test = answer.ok
          ? { phase: 'works', milliseconds: answer.first_token_ms }
          : { phase: 'refused', error: answer.error, typed: body.key !== undefined };
      });
    }
  }

  /** Save the key if one was typed, then the model, which becomes the active one. `saved` says that all went well. */
  async save(): Promise<void> {
    const provider = this.provider;
    if (!provider || this.missing !== null || this.saving) {
      return;
    }
    const { key, ...body } = requestBody(provider, this.form);
    await this._work(async () => {
      if (key && takesKey(provider) && provider.key_name) {
        await this._api.saveKey(provider.key_name, key);
        this.form = { ...this.form, key: '' };
        this.replacing = false;
        this._take(await this._api.models(this._workspace));
      }
      this._take(await (provider.kind === 'demo' ? this._useDemo() : this._api.addModel(this._workspace, body)));
      this.saved = true;
    });
    if (this.saved) {
      void this._mandrake.project.refresh();
    }
  }

  async fetchDemo(): Promise<void> {
    await this._work(async () => {
      await this._api.fetchDemo(this._workspace);
      this._take(await this._api.models(this._workspace));
    });
  }

  private async _useDemo(): Promise<ICatalogue> {
    if (this.catalogue?.demo.state === 'missing' || this.catalogue?.demo.state === 'failed') {
      await this._api.fetchDemo(this._workspace);
    }
    const demo = this.catalogue?.models.find(model => model.provider === 'demo');
    return this._api.setActiveModel(this._workspace, demo?.id ?? `demo/${this.form.model}`);
  }

  private async _answer(body: ReturnType<typeof requestBody>): Promise<Answer> {
    const trans = this._mandrake.trans;
    let timer = 0;
    const late = new Promise<Answer>(resolve => {
      const error = failureOf(trans, null);
      const message = trans.__('The test did not end within %1 s.', 10);
      timer = window.setTimeout(
        () => resolve({ ok: false, error: { ...error, message, code: 'model_timeout' } }),
        TEST_LIMIT
      );
    });
    const asked = this._api
      .testModel(this._workspace, body)
      .catch((error: unknown): Answer => ({ ok: false, error: failureOf(trans, error) }));
    return Promise.race([asked, late]).finally(() => window.clearTimeout(timer));
  }

  private async _work(action: () => Promise<void>): Promise<void> {
    this._set(() => {
      this.saving = true;
      this.failure = null;
    });
    await this._attempt(action);
    this._set(() => (this.saving = false));
  }

  private async _attempt(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this._set(() => (this.failure = failureOf(this._mandrake.trans, error)));
    }
  }

  /** A new catalogue, for the dialog and the panel; asked for again while the demo model is being fetched. */
  private _take(catalogue: ICatalogue): void {
    this._set(() => (this.catalogue = catalogue));
    this._mandrake.project.putCatalogue(catalogue);
    window.clearTimeout(this._timer);
    if (catalogue.demo.state === 'fetching' && !this._isDisposed) {
      this._timer = window.setTimeout(() => {
        this._api.models(this._workspace).then(
          next => !this._isDisposed && this._take(next),
          () => undefined
        );
      }, POLL);
    }
  }

  private _forgetTest(): void {
    this._turn++;
    this.test = { phase: 'idle' };
  }

  private _set(change: () => void): void {
    change();
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private get _api() {
    return this._mandrake.api;
  }
  private get _workspace(): string {
    return this._mandrake.project.workspace;
  }

  private _turn = 0;
  private _timer = 0;
  private _isDisposed = false;
  private readonly _changed = new Signal<this, void>(this);
}

type Answer = { ok: true; first_token_ms: number } | { ok: false; error: IErrorBody };
