import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

const OVERSCAN = 6;

export interface Slice {
  first: number;
  last: number; // exclusive
}

/** Which rows of a long list are worth drawing. Heights in px. */
export function visibleSlice(count: number, rowPx: number, scrollPx: number, heightPx: number): Slice {
  const first = Math.max(0, Math.floor(scrollPx / rowPx) - OVERSCAN);
  const last = Math.min(count, Math.ceil((scrollPx + heightPx) / rowPx) + OVERSCAN);
  return { first: Math.min(first, last), last };
}

/** A scrolling box that draws only what is seen; the same mechanism serves lists and trees. */
export function useSlice(count: number, rowPx: number) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ scroll: 0, height: 0 });
  useLayoutEffect(() => {
    const node = box.current;
    if (!node) return;
    const measure = () => setView({ scroll: node.scrollTop, height: node.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(node);
    node.addEventListener('scroll', measure, { passive: true });
    measure();
    return () => {
      observer.disconnect();
      node.removeEventListener('scroll', measure);
    };
  }, []);
  return { box, ...visibleSlice(count, rowPx, view.scroll, view.height) };
}

interface Props<T> {
  label: string;
  items: readonly T[];
  rowPx: number;
  keyOf: (item: T) => string | number;
  children: (item: T, at: number) => ComponentChildren;
}

export function List<T>({ label, items, rowPx, keyOf, children }: Props<T>) {
  const { box, first, last } = useSlice(items.length, rowPx);
  const place = (at: number): Record<string, string> => ({ top: `${at * rowPx}px`, height: `${rowPx}px` });
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <div class="list" ref={box} role="group" aria-label={label} tabIndex={0}>
      <div class="list-space" role="list" style={{ height: `${items.length * rowPx}px` }}>
        {items.slice(first, last).map((item, offset) => (
          <div
            key={keyOf(item)}
            class="list-item"
            role="listitem"
            style={place(first + offset)}
            aria-setsize={items.length}
            aria-posinset={first + offset + 1}
          >
            {children(item, first + offset)}
          </div>
        ))}
      </div>
    </div>
  );
}
