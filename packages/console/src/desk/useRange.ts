import { useRef } from 'react';
import { useLive } from '../events/index.ts';
import { useNow } from '../ui/now.ts';
import { type RangeKey, type RangeSearch, type RangeView, rangeOf, resolveRange, spanSearch } from '../ui/range.ts';
import { usePutSearch } from '../ui/usePutSearch.ts';

/** A page's time range, kept in its URL: what to ask for, and how to change it. Picking is a step that Back undoes. */
export function useRange(search: RangeSearch, points: number, fallback: RangeKey = '1h'): RangeView {
  const put = usePutSearch();
  const clock = useNow('slow');
  const held = useRef(clock);
  // A paused page stands still, its window too.
  if (useLive().phase !== 'paused') held.current = clock;
  const range = rangeOf(search, fallback);
  const set = (next: RangeSearch) => put({ range: undefined, from: undefined, to: undefined, ...next }, 'step');
  return {
    range,
    ...resolveRange(range, held.current, points),
    choose: (key) => set({ range: key }),
    zoom: (from, to) => {
      const span = spanSearch(from, to);
      if (span) set(span);
    },
  };
}
