/**
 * Cuts a growing Markdown text into blocks, so that what is finished is not drawn again with each word.
 * A block that was followed by another never changes while text is only appended.
 */

/** Code points are not needed here: a cut is only ever made at a blank line. */
const LONG_ENOUGH = 1200;

/**
 * The blocks of `text`: cut at blank lines outside of code fences, lists, quotes and tables, each at least
 * LONG_ENOUGH characters. Joined with a blank line they give the text again. A text with link definitions or
 * display math stays whole, as these reach over blank lines.
 */
export function splitBlocks(text: string): string[] {
  if (text.length < 2 * LONG_ENOUGH || /^\s{0,3}\[[^\]]+\]:/m.test(text) || text.includes('$$')) {
    return [text];
  }
  const blocks: string[] = [];
  let start = 0;
  let fence: string | null = null;
  let offset = 0;
  const lines = text.split('\n');
  lines.forEach((line, i) => {
    fence = nextFence(fence, line);
    const next = lines[i + 1];
    const end = offset + line.length;
    if (fence === null && line.trim() === '' && offset - start >= LONG_ENOUGH && next !== undefined && opensBlock(next)) {
      blocks.push(text.slice(start, offset).replace(/\n+$/, ''));
      start = end + 1;
    }
    offset = end + 1;
  });
  blocks.push(text.slice(start));
  return blocks;
}

function nextFence(open: string | null, line: string): string | null {
  const marker = /^\s{0,3}(`{3,}|~{3,})/.exec(line)?.[1];
  if (!marker) {
    return open;
  }
  if (open === null) {
    return marker;
  }
  const closes = marker[0] === open[0] && marker.length >= open.length && line.trim() === marker;
  return closes ? null : open;
}

/** Whether a line that follows a blank one surely begins something new: not blank, not indented, no item, no quote. */
function opensBlock(line: string): boolean {
  return /^[^\s>|*+-]/.test(line) && !/^\d+[.)]/.test(line);
}
