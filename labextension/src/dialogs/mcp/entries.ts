/** What was pasted, as the server read it: names, empty settings, what keeps it from being added. Pure. */
import { duration } from '../../core/format';
import { ITrans } from '../../core/trans';
import { Json, JsonObject } from '../../core/wire';

/** One entry of the answer of `mcp-servers/parse`. */
export interface IParsedEntry {
  name: string;
  entry: JsonObject;
  /** The exact command or address. */
  command: string;
  /** A `docker run` as a container that Mandrake runs; null where that can't keep all of it. */
  managed: IManaged | null;
}

export interface IManaged {
  entry: JsonObject;
  command: string;
  /** Sentences: what of the usual bounds it is free of. */
  looser: string[];
}

export interface IParsed {
  entries: IParsedEntry[];
  problems: string[];
}

/** A parsed entry as the reader may still change it. */
export interface IDraft extends IParsedEntry {
  /** Of several, whether this one will be added. */
  on: boolean;
  /** It is to be what it is as a managed container, where it can be. */
  contained: boolean;
  settings: ISetting[];
}

/** An environment variable or header that came without a value. */
export interface ISetting {
  group: 'env' | 'headers';
  name: string;
  value: string;
}

export function draftOf(parsed: IParsedEntry): IDraft {
  const contained = parsed.managed !== null;
  return { ...parsed, on: true, contained, settings: emptySettings(parsed.managed?.entry ?? parsed.entry) };
}

/** What would be tested and added. */
export function chosen(draft: IDraft): Pick<IManaged, 'entry' | 'command'> {
  return draft.contained && draft.managed ? draft.managed : draft;
}

/** `draft` run as a managed container or not, with what was typed so far. */
export function contain(draft: IDraft, contained: boolean): IDraft {
  const other = { ...draft, contained };
  const typed = new Map(draft.settings.map(({ name, value }) => [name, value]));
  const settings = emptySettings(chosen(other).entry).map(it => ({ ...it, value: typed.get(it.name) ?? '' }));
  return { ...other, settings };
}

function emptySettings(entry: JsonObject): ISetting[] {
  return (['env', 'headers'] as const).flatMap(group => {
    const values = entry[group];
    return isObject(values)
      ? Object.keys(values)
          .filter(name => values[name] === '')
          .map(name => ({ group, name, value: '' }))
      : [];
  });
}

/** The entry with what was typed into its empty settings; those left empty stay as they were. */
export function filled(draft: IDraft): JsonObject {
  const entry: JsonObject = { ...chosen(draft).entry };
  for (const { group, name, value } of draft.settings) {
    const values = entry[group];
    if (value && isObject(values)) {
      entry[group] = { ...values, [name]: value };
    }
  }
  return entry;
}

/** Why a name can't be used, or null. `taken` are the names there are. */
export function nameProblem(trans: ITrans, name: string, taken: readonly string[], drafts: readonly IDraft[]): string | null {
  const trimmed = name.trim();
  if (!trimmed) {
    return trans.__('Give it a name.');
  }
  if (!/^[\w.-]+$/.test(trimmed)) {
    return trans.__('Use letters, digits, dots, dashes and underscores.');
  }
  if (taken.includes(trimmed)) {
    return trans.__('There is an MCP server of this name already.');
  }
  if (drafts.filter(draft => draft.on && draft.name.trim() === trimmed).length > 1) {
    return trans.__('Two of them have this name.');
  }
  return null;
}

/** The body of the request that adds what is switched on. */
export function addBody(drafts: readonly IDraft[]): { name: string; entry: JsonObject } | { mcpServers: JsonObject } {
  const on = drafts.filter(draft => draft.on);
  if (on.length === 1) {
    return { name: on[0].name.trim(), entry: filled(on[0]) };
  }
  return { mcpServers: Object.fromEntries(on.map(draft => [draft.name.trim(), filled(draft)])) };
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** "Works: started in 1.2 s, 1 tool." */
export function testWords(trans: ITrans, seconds: number, tools: number): string {
  const counted = tools === 0 ? trans.__('no tools') : trans._n('1 tool', '%1 tools', tools);
  return trans.__('Works: started in %1, %2.', duration(trans, seconds * 1000), counted);
}
