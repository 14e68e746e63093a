/** The renderers of a chat: those of JupyterLab, but what a model writes never makes the browser ask another origin. */
import { IRenderMime, IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { TranslationBundle } from '@jupyterlab/translation';

import { isRemote, plainDiagrams, setIsRemote, styleIsRemote } from '../core/remote';

export function localOnly(registry: IRenderMimeRegistry, trans: TranslationBundle): IRenderMimeRegistry {
  const { sanitizer, markdownParser } = registry;
  return registry.clone({
    sanitizer: {
      getAutolink: () => sanitizer.getAutolink?.() ?? true,
      sanitize: (dirty: string, options?: IRenderMime.ISanitizerOptions) =>
        withoutRemote(sanitizer.sanitize(dirty, options), trans)
    },
    markdownParser: markdownParser
      ? { render: (source: string) => markdownParser.render(plainDiagrams(source)) }
      : undefined
  });
}

/** `html` with the addresses of remote media as text. A parsed document is inert: nothing is fetched here. */
function withoutRemote(html: string, trans: TranslationBundle): string {
  const { body } = new DOMParser().parseFromString(html, 'text/html');
  let changed = false;
  for (const node of Array.from(body.querySelectorAll('*'))) {
    const address = remoteOf(node);
    if (address !== null && body.contains(node)) {
      const whole = node.closest('picture, video, audio') ?? node;
      whole.replaceWith(trans.__('[image: %1]', address));
      changed = true;
    }
  }
  return changed ? body.innerHTML : html;
}

const ADDRESSES = ['src', 'poster', 'background', 'data', 'xlink:href', 'href'];

/** What `node` would ask another origin for when it is drawn; null for nothing. */
function remoteOf(node: Element): string | null {
  const base = document.baseURI;
  for (const name of ADDRESSES) {
    const value = node.getAttribute(name);
    const link = name === 'href' && ['a', 'area'].includes(node.localName);
    if (value !== null && !link && isRemote(value, base)) {
      return value;
    }
  }
  for (const name of ['srcset', 'imagesrcset']) {
    const value = node.getAttribute(name);
    if (value !== null && setIsRemote(value, base)) {
      return value;
    }
  }
  const css = node.localName === 'style' ? node.textContent : node.getAttribute('style');
  return css && styleIsRemote(css) ? css : null;
}
