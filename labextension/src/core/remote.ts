/**
 * Which addresses in a text of the model would be asked for by drawing it. Whoever wrote into the model's context may
 * have written the address, and what the model knows may stand in it.
 */

/** Whether drawing `address` on the page `base` asks another origin. */
export function isRemote(address: string, base: string): boolean {
  try {
    const url = new URL(address, base);
    return url.protocol !== 'data:' && url.protocol !== 'blob:' && url.origin !== new URL(base).origin;
  } catch {
    return true;
  }
}

/** Whether a `srcset` names another origin. Commas inside of a data address do no harm: its pieces are local. */
export function setIsRemote(srcset: string, base: string): boolean {
  return srcset.split(/[\s,]+/).some(piece => piece !== '' && isRemote(piece, base));
}

/** Whether CSS may ask for anything. What is escaped, is not looked at further. */
export function styleIsRemote(css: string): boolean {
  return /\\|@import|image-set|(url|src)\s*\((?!\s*["']?data:)/i.test(css);
}

/** `markdown` with diagrams that may ask for images as plain code: they are drawn before anything is sanitized. */
export function plainDiagrams(markdown: string): string {
  return /\/\/|\\|&|img|image|http|url|src|href/i.test(markdown)
    ? markdown.replace(/(`{3,}|~{3,})([ \t]*)mermaid/gi, '$1$2text')
    : markdown;
}
