/** Choosing one of a list by typing: which entries are left, and where the arrow keys lead. */

/** Those in which all words of `text` occur, in any case. */
export function matching<T>(entries: readonly T[], text: string, wordsOf: (entry: T) => string): T[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return entries.filter(entry => {
    const own = wordsOf(entry).toLowerCase();
    return words.every(word => own.includes(word));
  });
}

/** The place after `key` in a list of `count`; null where the key means nothing here. Up and down go round. */
export function moved(at: number, count: number, key: string): number | null {
  if (count === 0) {
    return null;
  }
  switch (key) {
    case 'ArrowDown':
      return (at + 1) % count;
    case 'ArrowUp':
      return (at + count - 1) % count;
    case 'PageDown':
      return Math.min(count - 1, at + 10);
    case 'PageUp':
      return Math.max(0, at - 10);
    default:
      return null;
  }
}
