import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { type RefObject, useLayoutEffect, useState } from 'react';

const ROW = 38;
const MANY = 80;

/** Which rows of a long table to draw while the page scrolls, and the room to leave before and after; undefined for a short one. */
export function useRowWindow(count: number, body: RefObject<HTMLElement | null>) {
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const rect = body.current?.getBoundingClientRect();
    if (rect && count > MANY) setTop(rect.top + window.scrollY);
  }, [body, count]);
  const virtual = useWindowVirtualizer({
    count,
    estimateSize: () => ROW,
    overscan: 12,
    scrollMargin: top,
    enabled: count > MANY,
  });
  if (count <= MANY) return undefined;
  const items = virtual.getVirtualItems();
  const last = items.at(-1);
  return {
    items: items.map((item) => item.index),
    before: Math.max(0, (items[0]?.start ?? top) - top),
    after: Math.max(0, virtual.getTotalSize() - ((last?.end ?? top) - top)),
  };
}
