/**
 * The form of "Connect a model" without its looks: which fields a provider has, what is missing, where messages will go.
 * Pure: takes values, gives values.
 */
import { ITrans } from '../../core/trans';
import { ICatalogue, IProviderEntry } from '../../core/wire';
import { day, MARK } from '../common/text';

export interface IForm {
  provider: string;
  /** What was typed; never what is saved. */
  key: string;
  url: string;
  model: string;
}

const ORDER = ['anthropic', 'openai', 'google', 'openai-compatible', 'ollama', 'demo'];

/** The providers as the list shows them: ours in a fixed order, then any the server adds. */
export function orderProviders(providers: readonly IProviderEntry[]): IProviderEntry[] {
  const rank = (id: string) => (ORDER.includes(id) ? ORDER.indexOf(id) : ORDER.length);
  return [...providers].sort((a, b) => rank(a.id) - rank(b.id));
}

export function providerLabel(trans: ITrans, provider: IProviderEntry): string {
  switch (provider.id) {
    case 'openai-compatible':
      return trans.__('Other, OpenAI-compatible URL');
    case 'ollama':
      return trans.__('Ollama, on your Jupyter server');
    default:
      return provider.name;
  }
}

/** The provider to begin with: the one asked for, else the active model's own, else one with a key, else the first. */
export function firstProvider(catalogue: ICatalogue, wanted?: string): string {
  const ordered = orderProviders(catalogue.providers);
  const active = catalogue.models.find(model => model.id === catalogue.active)?.provider;
  const found =
    ordered.find(p => p.id === wanted?.split('/')[0]) ??
    ordered.find(p => p.id === active && p.kind !== 'demo') ??
    ordered.find(p => p.has_key) ??
    ordered[0];
  return found?.id ?? '';
}

/** The form after a provider was chosen: nothing typed, its known address and its likeliest model filled in. */
export function formFor(catalogue: ICatalogue, provider: IProviderEntry): IForm {
  const active = catalogue.models.find(model => model.id === catalogue.active && model.provider === provider.id);
  return {
    provider: provider.id,
    key: '',
    url: provider.url ?? '',
    model: active?.model ?? suggestions(catalogue, provider)[0] ?? ''
  };
}

/** Model names to offer: what is suggested, then what is connected already; each once. */
export function suggestions(catalogue: ICatalogue, provider: IProviderEntry): string[] {
  const known = catalogue.models.filter(model => model.provider === provider.id).map(model => model.model);
  return [...new Set([...(provider.kind === 'demo' ? known : provider.suggested_models), ...known])];
}

/** A key can be given; for a URL it may be left out. */
export function takesKey(provider: IProviderEntry): boolean {
  return provider.kind !== 'demo' && provider.key_name !== null;
}

/** A saved key serves the address it was entered for, and no other. */
export function hasKeyFor(provider: IProviderEntry, form: IForm): boolean {
  const elsewhere = provider.kind === 'url' && parseUrl(form.url)?.host !== parseUrl(provider.url ?? '')?.host;
  return provider.has_key && !elsewhere;
}

export function keyIsOptional(provider: IProviderEntry): boolean {
  return provider.kind === 'url';
}

/** The address as a URL with scheme, or null. "localhost:11434" is what people type. */
export function parseUrl(text: string): URL | null {
  const trimmed = text.trim();
  if (!trimmed) {
    return null;
  }
  try {
    const url = new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `http://${trimmed}`);
    return (url.protocol === 'http:' || url.protocol === 'https:') && url.hostname ? url : null;
  } catch {
    return null;
  }
}

export interface IDestination {
  /** Nothing leaves the machine Jupyter runs on. */
  local: boolean;
  /** Where it goes; null while there is no whole address. */
  host: string | null;
  /** False for http:// to another machine. */
  encrypted: boolean;
}

export function destination(provider: IProviderEntry, form: IForm): IDestination {
  if (provider.kind === 'demo') {
    return { local: true, host: null, encrypted: true };
  }
  if (provider.kind === 'key') {
    return { local: false, host: provider.host, encrypted: true };
  }
  const url = parseUrl(form.url);
  if (!url) {
    return { local: false, host: null, encrypted: true };
  }
  const local = /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  return { local, host: url.host, encrypted: local || url.protocol === 'https:' };
}

/** Where messages go, with a MARK for the host. */
export function destinationText(trans: ITrans, to: IDestination): string {
  if (to.local) {
    return trans.__('Stays on your Jupyter server.');
  }
  return trans.__(
    'Your messages, attached files and tool results will go to %1.',
    to.host ? MARK : trans.__('the host of this address')
  );
}

/** What is still missing before the form can be tested or saved; null when it is whole. */
export function missing(trans: ITrans, provider: IProviderEntry, form: IForm, catalogue: ICatalogue): string | null {
  if (provider.kind === 'demo') {
    return catalogue.demo.state === 'unavailable' ? trans.__('The demo model is not installed.') : null;
  }
  if (provider.kind === 'url' && !form.url.trim()) {
    return trans.__('Enter the address.');
  }
  if (provider.kind === 'url' && !parseUrl(form.url)) {
    return trans.__('An address begins with http:// or https://, then a host.');
  }
  if (takesKey(provider) && !keyIsOptional(provider) && !provider.has_key && !form.key.trim()) {
    return trans.__('Enter a key.');
  }
  return form.model.trim() ? null : trans.__('Enter the name of a model.');
}

/** What a request carries; the key only when one was typed. */
export function requestBody(
  provider: IProviderEntry,
  form: IForm
): { provider: string; model: string; url?: string; key?: string } {
  const url = provider.kind === 'url' ? parseUrl(form.url) : null;
  const key = takesKey(provider) ? form.key.trim() : '';
  return {
    provider: provider.id,
    model: form.model.trim(),
    ...(url ? { url: url.href.replace(/\/$/, '') } : {}),
    ...(key ? { key } : {})
  };
}

/** The row that stands in for a key the server has. */
export function savedKeyText(trans: ITrans, provider: IProviderEntry, now: Date): string {
  if (provider.key_origin === 'environment') {
    return trans.__("Key found in your Jupyter server's environment");
  }
  const saved = day(provider.key_saved, now);
  return saved ? trans.__('Key saved on %1', saved) : trans.__('Key saved');
}

/** Where the key lies or will lie. */
export function keyHelp(trans: ITrans, provider: IProviderEntry, typing: boolean): string {
  if (typing) {
    return trans.__(
      "Kept in your system's keyring, or else in a file only you can read. A saved key can be replaced or removed, not shown."
    );
  }
  switch (provider.key_origin) {
    case 'environment':
      return trans.__('It was set where your Jupyter server was started. A key you enter here is used instead.');
    case 'keyring':
      return trans.__("Kept in your system's keyring.");
    default:
      return trans.__('Kept in a file only you can read.');
  }
}
