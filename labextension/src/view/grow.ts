/** A text field as high as its text, within what the style allows: what it holds is seen, however narrow it gets. */
import { RefObject, useLayoutEffect } from 'react';

export function useGrow(field: RefObject<HTMLTextAreaElement>, text: string): void {
  useLayoutEffect(() => {
    const node = field.current;
    if (!node) {
      return;
    }
    const grow = () => {
      node.style.height = 'auto';
      node.style.height = `${node.scrollHeight + 2}px`;
    };
    grow();
    // Only another width asks for another height: the reader may have pulled it to one of his own.
    let width = node.offsetWidth;
    const observer = new ResizeObserver(() => {
      if (node.offsetWidth !== width) {
        width = node.offsetWidth;
        grow();
      }
    });
    observer.observe(node);
    return () => observer.disconnect();
  }, [field, text]);
}
