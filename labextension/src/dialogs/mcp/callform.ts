/** A tool's schema as a form to fill in, and what was filled in as its arguments. Pure. */
import { fields, fromText, IField, Misfit, own, toText } from '../../core/form';
import { Json, JsonObject } from '../../core/wire';
import { without } from '../common/text';

/** How deep `$ref`s are followed: a schema that refers to itself ends somewhere. */
const DEEP = 8;

/** The fields of a tool, each with what it holds at first: its default. */
export function formOf(schema: JsonObject): { fields: IField[]; texts: Record<string, string> } {
  const plain = plainSchema(schema);
  const found = fields(plain, {});
  const properties = asObject(plain.properties) ?? {};
  const texts = Object.fromEntries(
    found.map(field => {
      const standard = asObject(own(properties, field.name))?.default;
      return [field.name, standard === undefined || standard === null ? '' : toText(field.kind, standard)];
    })
  );
  return { fields: found, texts };
}

/** `schema` with its `$ref`s resolved, and "this or nothing" as this, so that optional texts are texts. */
export function plainSchema(schema: JsonObject): JsonObject {
  const properties = asObject(schema.properties);
  return properties
    ? {
        ...schema,
        properties: Object.fromEntries(
          Object.entries(properties).map(([name, property]) => [name, plainProperty(schema, property, 0)])
        )
      }
    : schema;
}

function plainProperty(schema: JsonObject, property: Json, depth: number): Json {
  const one = asObject(property);
  if (!one || depth > DEEP) {
    return property;
  }
  const target = typeof one.$ref === 'string' ? resolve(schema, one.$ref) : null;
  if (target) {
    return plainProperty(schema, { ...target, ...without(one, '$ref') }, depth + 1);
  }
  for (const key of ['anyOf', 'oneOf'] as const) {
    const variants = one[key];
    const real = Array.isArray(variants) ? variants.filter(variant => asObject(variant)?.type !== 'null') : [];
    const only = asObject(real[0]);
    if (real.length === 1 && only) {
      return plainProperty(schema, { ...only, ...without(one, key) }, depth + 1);
    }
  }
  if (Array.isArray(one.type)) {
    const types = one.type.filter(type => type !== 'null');
    return types.length === 1 ? { ...one, type: types[0] } : one;
  }
  return one;
}

function resolve(schema: JsonObject, ref: string): JsonObject | null {
  if (!ref.startsWith('#/')) {
    return null;
  }
  let value: Json | undefined = schema;
  for (const part of ref.slice(2).split('/')) {
    value = own(asObject(value) ?? {}, part.replace(/~1/g, '/').replace(/~0/g, '~'));
  }
  return asObject(value);
}

export interface IFilled {
  /** Null while something does not fit. */
  args: JsonObject | null;
  problems: Record<string, Misfit>;
  /** Names of what must be given and is not. */
  missing: string[];
}

/** The arguments that the texts mean. What is empty and may be left out is left out. */
export function argumentsOf(form: readonly IField[], texts: Readonly<Record<string, string>>): IFilled {
  const args: JsonObject = {};
  const problems: Record<string, Misfit> = {};
  const missing: string[] = [];
  for (const field of form) {
    const text = own(texts, field.name) ?? '';
    if (text === '' && field.kind !== 'boolean') {
      if (field.required) {
        missing.push(field.name);
      }
      continue;
    }
    const meant = fromText(field, text);
    if ('problem' in meant) {
      problems[field.name] = meant.problem;
    } else if (meant.value !== undefined) {
      args[field.name] = meant.value;
    }
  }
  const fits = Object.keys(problems).length === 0 && missing.length === 0;
  return { args: fits ? args : null, problems, missing };
}

/** The arguments written as JSON; null when it is no object. */
export function argumentsOfJson(text: string): JsonObject | null {
  if (text.trim() === '') {
    return {};
  }
  try {
    return asObject(JSON.parse(text) as Json);
  } catch {
    return null;
  }
}

function asObject(value: Json | undefined): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
}
