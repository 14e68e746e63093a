/** Places and problems of the files that name MCP servers. Pure. */
import { ITrans } from '../../core/trans';
import { IConfigProblem } from '../../core/wire';

/** Where the cursor is put: a line, or the entry of a name. */
export interface IPlace {
  file?: string;
  line?: number;
  column?: number;
  name?: string;
}

export function placeOf(problem: IConfigProblem): IPlace {
  return { file: problem.file, line: problem.line ?? undefined, name: problem.name ?? undefined };
}

/** "{file}, line {n}: {message}". */
export function problemText(trans: ITrans, { file, line, message }: IConfigProblem): string {
  const own = saysWhere(message, file, line);
  if (own) {
    return message;
  }
  return line === null
    ? trans.__('%1: %2', file, message)
    : trans.__('%1, line %2: %3', file, line, message);
}

function saysWhere(message: string, file: string, line: number | null): boolean {
  return message.startsWith(file) && (line === null || message.includes(`line ${line}`));
}

/** The place that a sentence names: "line 3, column 5". */
export function placeIn(message: string): IPlace | null {
  const found = /\bline (\d+)(?:,? column (\d+))?/i.exec(message);
  return found ? { line: Number(found[1]), column: found[2] ? Number(found[2]) : undefined } : null;
}

/** The line and column, both from 1, of a place in `text`; null when it is not in it. */
export function findPlace(text: string, place: IPlace): { line: number; column: number } | null {
  if (place.line !== undefined) {
    return { line: place.line, column: place.column ?? 1 };
  }
  if (place.name === undefined) {
    return null;
  }
  const key = JSON.stringify(place.name).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const found = new RegExp(`${key}\\s*:`).exec(text);
  if (!found) {
    return null;
  }
  const before = text.slice(0, found.index).split('\n');
  return { line: before.length, column: before[before.length - 1].length + 1 };
}

/** What an editor shows for a file that is not there yet. */
export const EMPTY = '{\n  "mcpServers": {\n  }\n}\n';
