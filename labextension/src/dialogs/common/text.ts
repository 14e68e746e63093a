/**
 * Small helpers for sentences: the part of Lab's translations that is used here, marked words, days, cut-off prefixes.
 * Pure: no Lab, no DOM.
 */

/** Stands for the word that a view sets apart (bold, code type) in a translated sentence. */
export const MARK = '\u0001';

/** `sentence` cut at MARK: the texts around the words set apart. */
export function aroundMark(sentence: string): string[] {
  return sentence.split(MARK);
}

/** "Nov 23" in the reader's language; with the year when it is not this one. Empty for what is no date. */
export function day(iso: string | null, now: Date, locale?: string): string {
  const date = iso ? new Date(iso) : null;
  if (!date || Number.isNaN(date.getTime())) {
    return '';
  }
  const year = date.getFullYear() === now.getFullYear() ? undefined : 'numeric';
  return date.toLocaleDateString(locale, { day: 'numeric', month: 'short', year });
}

/** "10:41:02", in the reader's zone. */
export function clock(iso: string, locale?: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? '' : date.toLocaleTimeString(locale, { hour12: false });
}

/** `then` of a model's error without what is said about a message: a dialog has none. */
export function withoutMessage(then: string): string {
  return then
    .replace(/^Your message is kept\.\s*/, '')
    .replace(/^What arrived is kept above\.\s*/, '')
    .trim();
}

/** `record` without one of its entries. */
export function without<T>(record: Readonly<Record<string, T>>, name: string): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => key !== name));
}
