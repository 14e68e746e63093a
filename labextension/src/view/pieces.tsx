/**
 * A list in pieces, of which only those near to what is seen are drawn: the others are as high as they were. So that a list
 * of ten thousand costs what one of a hundred does.
 */
import React, { useLayoutEffect, useMemo, useRef, useState } from 'react';

/** Items of a piece, the pixels around what is seen in which pieces are drawn, and an item's height before it was measured. */
const SIZE = 50;
const AROUND = 1000;
const HEIGHT = 39;

interface IPieces<T> {
  items: readonly T[];
  /** What scrolls, as a selector. */
  within: string;
  /** One item, with its key. */
  draw(item: T): JSX.Element;
}

export function Pieces<T>(props: IPieces<T>): JSX.Element {
  const { items, within, draw } = props;
  const pieces = useMemo(
    () => Array.from({ length: Math.ceil(items.length / SIZE) }, (_, i) => items.slice(i * SIZE, (i + 1) * SIZE)),
    [items]
  );
  return (
    <>
      {pieces.map((piece, i) => (
        <Piece key={i} items={piece} within={within} draw={draw} first={i === 0} />
      ))}
    </>
  );
}

function Piece<T>(props: IPieces<T> & { first: boolean }): JSX.Element {
  const { items, within, draw } = props;
  const box = useRef<HTMLUListElement>(null);
  const height = useRef(items.length * HEIGHT);
  const [near, setNear] = useState(props.first);
  useLayoutEffect(() => {
    const node = box.current;
    if (!node) {
      return;
    }
    const observer = new IntersectionObserver(
      entries => {
        const seen = entries[entries.length - 1].isIntersecting;
        // What holds the focus stays: else it would be nowhere.
        if (!seen && node.childElementCount > 0) {
          height.current = node.offsetHeight;
        }
        setNear(seen || node.contains(document.activeElement));
      },
      { root: node.closest(within), rootMargin: `${AROUND}px` }
    );
    observer.observe(node);
    return () => observer.disconnect();
  }, [within]);
  return (
    <ul ref={box} className="jp-Mandrake-plain" style={near ? undefined : { height: height.current }} aria-hidden={!near || undefined}>
      {near && items.map(draw)}
    </ul>
  );
}
