/**
 * A text field as high as its text, within what the style allows: what it holds is seen, however narrow it gets. Most browsers
 * do that by themselves (`jp-mod-grows`); measuring it moves the column for a moment.
 */
import { RefObject, useLayoutEffect } from 'react';

export function useGrow(field: RefObject<HTMLTextAreaElement>, text: string): void {
  useLayoutEffect(() => {
    const node = field.current;
    if (!node || CSS.supports('field-sizing', 'content')) {
      return;
    }
    const grow = () => {
      node.style.height = 'auto';
      node.style.height = `${node.scrollHeight + 2}px`;
    };
    grow();
    // Only another width asks for another height: the reader may have pulled it to one of his own.
    let [width, frame] = [node.offsetWidth, 0];
    const observer = new ResizeObserver(() => {
      if (node.offsetWidth !== width) {
        width = node.offsetWidth;
        // Not now: what stands around it has been measured in this frame.
        frame = requestAnimationFrame(grow);
      }
    });
    observer.observe(node);
    return () => {
      cancelAnimationFrame(frame);
      observer.disconnect();
    };
  }, [field, text]);
}
