/** The sentences of the trust dialog: what each entry would do, what the folder asks for in all. Pure. */
import { ITrans } from '../../core/trans';
import { ITrustEntry } from '../../core/wire';
import { day } from '../common/text';

export function isAddress(entry: ITrustEntry): boolean {
  return /^(https?|wss?):\/\//i.test(entry.command.trim());
}

/** "MCP server team-notes". */
export function entryName(trans: ITrans, entry: ITrustEntry): string {
  if (entry.kind === 'prompt') {
    return trans.__('Instructions for the model');
  }
  return entry.kind === 'model' ? trans.__('Model %1', entry.name) : trans.__('MCP server %1', entry.name);
}

/** Names of `${…}` in a command, each once, in order; `${input:token}` and `${TOKEN:-none}` are token and TOKEN. */
export function secretsOf(command: string): string[] {
  const names = Array.from(command.matchAll(/\$\{(?:(?:env|input|file|secret):)?([^}:]+)(?::-[^}]*)?\}/g), match => match[1]);
  return [...new Set(names)];
}

/** What happens once the entry is trusted; its command or address stands right below. */
export function effect(trans: ITrans, entry: ITrustEntry): string {
  if (entry.kind === 'prompt') {
    return trans.__('Is given to the model with every message in this project, and may steer which tools it calls:');
  }
  const secrets = secretsOf(entry.command);
  if (entry.kind === 'model') {
    return secrets.length
      ? trans._n(
          'Sends your messages, attached files and tool results, and one of your secrets, to:',
          'Sends your messages, attached files and tool results, and %1 of your secrets, to:',
          secrets.length
        )
      : trans.__('Sends your messages, attached files and tool results to:');
  }
  if (isAddress(entry)) {
    return secrets.length
      ? trans._n(
          'Sends what its tools are given, and one of your secrets, to:',
          'Sends what its tools are given, and %1 of your secrets, to:',
          secrets.length
        )
      : trans.__('Sends what its tools are given to:');
  }
  return entry.container
    ? trans.__('Starts this container on your Docker engine:')
    : trans.__('Starts this program on your Jupyter server:');
}

/** A further line where one is needed: whom the program talks to, and which settings of yours it is given. */
export function details(trans: ITrans, entry: ITrustEntry): string[] {
  if (entry.kind === 'prompt') {
    return [];
  }
  const lines: string[] = [];
  const of = (kind: string) => entry.needs.filter(need => need.kind === kind).map(need => need.id);
  const asked = [...of('secret'), ...of('input')];
  const secrets = [...new Set([...secretsOf(entry.command), ...of('variable')])].filter(name => !asked.includes(name));
  if (entry.sends_to && !entry.command.includes(entry.sends_to)) {
    lines.push(trans.__('Sends data to %1.', entry.sends_to));
  }
  if (secrets.length) {
    lines.push(trans.__('Is given from your environment: %1.', secrets.join(', ')));
  }
  if (asked.length) {
    lines.push(trans.__('Asks you for: %1.', asked.join(', ')));
  }
  return lines;
}

/** "Trusted by you on 12 Nov. Changed since then, in 1 file.", or null for what is new. */
export function changedText(trans: ITrans, entry: ITrustEntry, now: Date, locale?: string): string | null {
  if (entry.status !== 'changed') {
    return null;
  }
  const date = day(entry.changed_since, now, locale);
  const trusted = date ? trans.__('Trusted by you on %1.', date) : trans.__('Trusted by you before.');
  const files = new Set(entry.difference.flatMap(({ file }) => (file === null ? [] : [file]))).size;
  const where = files
    ? trans._n('Changed since then, in 1 file.', 'Changed since then, in %1 files.', files)
    : trans.__('Changed since then.');
  return `${trusted} ${where}`;
}

/** What the folder asks for, by what is in it. */
export function summary(trans: ITrans, entries: readonly ITrustEntry[]): string {
  const active = entries.filter(entry => entry.kind !== 'prompt');
  if (active.length === 0) {
    return trans.__('This folder asks to give the model instructions.');
  }
  const also = active.length < entries.length ? ` ${trans.__('It also has instructions for the model.')}` : '';
  const sends = active.some(entry => entry.kind === 'model' || isAddress(entry));
  const starts = active.some(entry => entry.kind !== 'model' && !isAddress(entry));
  if (sends && starts) {
    return trans.__('This folder asks to start programs and to send data.') + also;
  }
  return (sends ? trans.__('This folder asks to send data.') : trans.__('This folder asks to start programs.')) + also;
}

export function nothingYet(trans: ITrans, entries: readonly ITrustEntry[]): string {
  const sends = entries.some(entry => entry.kind === 'model' || isAddress(entry));
  return sends ? trans.__('Nothing has started or been sent yet.') : trans.__('Nothing has started yet.');
}

/** Of the `chosen` ids those that are still there, in the order of the list. */
export function stillThere(entries: readonly ITrustEntry[], chosen: ReadonlySet<string>): string[] {
  return entries.filter(entry => chosen.has(entry.id)).map(entry => entry.id);
}
