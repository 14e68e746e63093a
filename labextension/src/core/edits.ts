/**
 * What a reader changed in the arguments of a waiting call: texts by argument, and back to values. Names come from a
 * model: an argument may be called `constructor` or `__proto__`, so only own properties count.
 */
import { fields, fromText, IField, Misfit, own, toText } from './form';
import { IToolPart, Json, JsonObject } from './wire';

/** The edited texts of a call, by argument. */
export type Edits = Readonly<Record<string, string>>;
type Call = Pick<IToolPart, 'arguments' | 'input_schema'>;

/** Whether all numbers in it are what was written: a browser rounds whole ones of more than 15 digits, and would send those. */
export function isExact(value: Json): boolean {
  if (typeof value === 'number') {
    return !Number.isInteger(value) || Number.isSafeInteger(value);
  }
  return typeof value !== 'object' || value === null || Object.values(value).every(isExact);
}

/** The text that the field shows, and whether it was edited. */
export function shownText(edits: Edits, field: IField, call: Call): { text: string; edited: boolean } {
  const text = own(edits, field.name);
  return { text: text ?? toText(field.kind, own(call.arguments, field.name)), edited: text !== undefined };
}

/** The edits with `field` set to `text`; null, or a text that is what the model gave, is no edit. */
export function edit(edits: Edits, field: IField, call: Call, text: string | null): Edits {
  const rest = Object.fromEntries(Object.entries(edits).filter(([name]) => name !== field.name));
  const same = text === null || text === toText(field.kind, own(call.arguments, field.name));
  return same ? rest : { ...rest, [field.name]: text };
}

/** The arguments as edited, undefined if nothing was; and what does not fit, by argument. */
export function argumentsOf(
  call: Call,
  edits: Edits
): { changed: JsonObject | undefined; problems: Readonly<Record<string, Misfit>> } {
  const problems: [string, Misfit][] = [];
  const values = new Map<string, Json>(Object.entries(call.arguments));
  for (const field of fields(call.input_schema, call.arguments)) {
    const text = own(edits, field.name);
    if (text === undefined) {
      continue;
    }
    const read = fromText(field, text);
    if ('problem' in read) {
      problems.push([field.name, read.problem]);
    } else if (read.value === undefined) {
      values.delete(field.name);
    } else {
      values.set(field.name, read.value);
    }
  }
  const changed = Object.keys(edits).length ? (Object.fromEntries(values) as JsonObject) : undefined;
  return { changed, problems: Object.fromEntries(problems) };
}
