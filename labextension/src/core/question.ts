/** The form of an MCP server's question: its fields, what they begin with, and the answer that texts in them make. */
import { fields, fromText, IField, Misfit, own, toText } from './form';
import { IQuestion, Json, JsonObject } from './wire';

/** The texts of the fields that were touched, by name. */
export type Texts = Readonly<Record<string, string>>;

export function fieldsOf(question: IQuestion): IField[] {
  return fields(question.schema, {});
}

/** What a field shows: what was written, else what the MCP server proposes. */
export function fieldText(question: IQuestion, field: IField, texts: Texts): string {
  const properties = question.schema?.properties as JsonObject | undefined;
  const proposed = (own(properties ?? {}, field.name) as JsonObject | undefined)?.default;
  return own(texts, field.name) ?? (proposed === undefined && field.kind === 'boolean' ? 'false' : toText(field.kind, proposed));
}

/** The content of an accepted form, and what does not fit, by field. What is empty and not needed is left out. */
export function contentOf(
  question: IQuestion,
  texts: Texts
): { content: JsonObject; problems: Readonly<Record<string, Misfit>> } {
  const content: [string, Json][] = [];
  const problems: [string, Misfit][] = [];
  for (const field of fieldsOf(question)) {
    const text = fieldText(question, field, texts);
    if (text === '') {
      if (field.required) {
        problems.push([field.name, 'needed']);
      }
      continue;
    }
    const read = fromText(field, text);
    if ('problem' in read) {
      problems.push([field.name, read.problem]);
    } else if (read.value !== undefined) {
      content.push([field.name, read.value]);
    }
  }
  return { content: Object.fromEntries(content), problems: Object.fromEntries(problems) };
}

/** The host of a page to open; empty where there is none. */
export function hostOf(question: IQuestion): string {
  try {
    return question.url ? new URL(question.url).host : '';
  } catch {
    return '';
  }
}
