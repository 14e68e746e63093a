/**
 * The arguments of a waiting tool call as a form: fields from its JSON schema, values to text and back.
 * Text, number, switch, choice and list of texts have a field of their own; everything else is edited as JSON.
 */
import { ITrans } from './trans';
import { Json, JsonObject } from './wire';

export type FieldKind = 'text' | 'number' | 'integer' | 'boolean' | 'choice' | 'choices' | 'list' | 'json';

export interface IField {
  name: string;
  kind: FieldKind;
  description: string;
  required: boolean;
  choices: Json[];
  /** What the choices are called, where they are called something. */
  titles?: string[];
  /** What the field is called. */
  title?: string;
  /** `email`, `date` and the like. */
  format?: string;
}

/** The fields for `value`: those of the schema in its order, then values the schema does not name. */
export function fields(schema: JsonObject | null, value: JsonObject): IField[] {
  const properties = asObject(schema?.properties) ?? {};
  const required = Array.isArray(schema?.required) ? schema.required : [];
  const names = [...Object.keys(properties), ...Object.keys(value).filter(name => own(properties, name) === undefined)];
  return names.map(name => {
    const property = asObject(own(properties, name));
    const [choices, titles] = choicesOf(property);
    return {
      name,
      kind: kindOf(property, own(value, name)),
      description: typeof property?.description === 'string' ? property.description : '',
      required: required.includes(name),
      choices,
      titles,
      title: typeof property?.title === 'string' ? property.title : undefined,
      format: typeof property?.format === 'string' ? property.format : undefined
    };
  });
}

function kindOf(schema: JsonObject | null, value: Json | undefined): FieldKind {
  if (!schema) {
    return kindOfValue(value);
  }
  if (schema.type !== 'array' && choicesOf(schema)[0].length) {
    return 'choice';
  }
  switch (schema.type) {
    case 'string':
      return 'text';
    case 'number':
    case 'integer':
    case 'boolean':
      return schema.type;
    case 'array':
      if (severalOf(choicesOf(schema)[0], value)) {
        return 'choices';
      }
      return asObject(schema.items)?.type === 'string' && singleLines(value) ? 'list' : 'json';
    case undefined:
      return kindOfValue(value);
    default:
      return 'json';
  }
}

/** The choices of a field, and what they are called; of a list those of its items. */
function choicesOf(schema: JsonObject | null): [Json[], string[] | undefined] {
  const of = schema?.type === 'array' ? asObject(schema.items) : schema;
  if (Array.isArray(of?.enum)) {
    return [of.enum, undefined];
  }
  const titled = Array.isArray(of?.oneOf) ? of.oneOf.map(asObject) : [];
  return titled.length && titled.every(one => typeof one?.const === 'string')
    ? [titled.map(one => String(one?.const)), titled.map(one => String(one?.title ?? one?.const))]
    : [[], undefined];
}

function severalOf(choices: Json[], value: Json | undefined): boolean {
  const text = (one: Json) => typeof one === 'string' && !one.includes('\n');
  const given = Array.isArray(value) ? value : [];
  return choices.length > 0 && choices.every(text) && given.every(one => choices.includes(one));
}

function kindOfValue(value: Json | undefined): FieldKind {
  return typeof value === 'string' ? 'text' : typeof value === 'boolean' ? 'boolean' : 'json';
}

function singleLines(value: Json | undefined): boolean {
  return value === undefined || (Array.isArray(value) && value.every(v => typeof v === 'string' && !v.includes('\n')));
}

/** What the field shows for `value`. */
export function toText(kind: FieldKind, value: Json | undefined): string {
  if (value === undefined) {
    return '';
  }
  if ((kind === 'list' || kind === 'choices') && Array.isArray(value)) {
    return value.join('\n');
  }
  return typeof value === 'string' && kind !== 'json' ? value : JSON.stringify(value, null, kind === 'json' ? 1 : 0);
}

/** What a text is not, and should be. */
export type Misfit = 'number' | 'integer' | 'choice' | 'json' | 'needed';

export function misfitWords(trans: ITrans, misfit: Misfit): string {
  switch (misfit) {
    case 'number':
      return trans.__('This must be a number.');
    case 'integer':
      return trans.__('This must be a whole number.');
    case 'choice':
      return trans.__('This must be one of the choices.');
    case 'json':
      return trans.__('This must be JSON.');
    case 'needed':
      return trans.__('This is needed.');
  }
}

/** What `text` means for `field`: its value, undefined for "leave it out", or why it does not fit. */
export function fromText(field: IField, text: string): { value: Json | undefined } | { problem: Misfit } {
  if (text === '' && !field.required && field.kind !== 'text') {
    return { value: undefined };
  }
  switch (field.kind) {
    case 'text':
      return { value: text };
    case 'list':
    case 'choices':
      return { value: text === '' ? [] : text.split('\n') };
    case 'number':
    case 'integer': {
      const number = Number(text);
      if (text.trim() === '' || !Number.isFinite(number)) {
        return { problem: 'number' };
      }
      return field.kind === 'integer' && !Number.isInteger(number)
        ? { problem: 'integer' }
        : { value: number };
    }
    case 'boolean':
      return { value: text === 'true' };
    case 'choice': {
      const choice = field.choices.find(c => toText('choice', c) === text);
      return choice === undefined ? { problem: 'choice' } : { value: choice };
    }
    case 'json':
      try {
        return { value: JSON.parse(text) as Json };
      } catch {
        return { problem: 'json' };
      }
  }
}

/** The own property `name`: what a prototype has is nobody's argument. */
export function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.prototype.hasOwnProperty.call(record, name) ? record[name] : undefined;
}

function asObject(value: Json | undefined): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
}
