/** The arguments and results of a tool as a person reads them. */
import { spaced } from './slash';
import { JsonObject } from './wire';

/** One line for each argument; a text of several lines, such as code, stands below its name as it is. */
export function argumentLines(values: JsonObject): string {
  return Object.entries(values)
    .map(([name, value]) =>
      typeof value === 'string' && value.trimEnd().includes('\n')
        ? `${name}:\n${value.trimEnd().replace(/^(?=.)/gm, '  ')}`
        : `${name}: ${spaced(value)}`
    )
    .join('\n');
}

/** A sentence is broken where the panel ends; lines are kept, as they may be a table. */
export function isSentence(text: string): boolean {
  return !text.trim().includes('\n');
}
