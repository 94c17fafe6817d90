import { useSyncExternalStore } from 'react';

/** Which of the two page-wide overlays is asked for. They are loaded on first use. */
export type Overlay = 'palette' | 'keys' | undefined;

let shown: Overlay;
const listeners = new Set<() => void>();
const set = (next: Overlay) => {
  shown = next;
  for (const listener of listeners) listener();
};

export const openPalette = () => set('palette');
export const openKeys = () => set('keys');
export const closeOverlay = () => set(undefined);

export const useOverlay = () =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => shown,
  );
