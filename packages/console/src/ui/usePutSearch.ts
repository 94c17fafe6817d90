import { useNavigate } from '@tanstack/react-router';
import { useCallback } from 'react';

type Part = Record<string, string | undefined>;

/** Changes part of the page's URL state. A filter replaces the history entry; `step` makes one that Back undoes. Each page reads its search leniently, so any text may be put. */
export function usePutSearch() {
  const navigate = useNavigate();
  return useCallback(
    (part: Part, how: 'filter' | 'step' = 'filter') =>
      void navigate({
        to: '.',
        search: (old: object) => ({ ...old, ...part }),
        replace: how === 'filter',
        resetScroll: false,
      } as never),
    [navigate],
  );
}
