import { createTheme, type MantineColorSchemeManager } from '@mantine/core';
import classes from './mantine.module.css';

const KEY = 'orrery-theme';
export type ThemeChoice = 'auto' | 'light' | 'dark';
const isChoice = (text: unknown): text is ThemeChoice => text === 'auto' || text === 'light' || text === 'dark';

/** Remembers the choice under the key that /theme.js reads before the first paint. Other tabs follow. */
export function themeMemory(): MantineColorSchemeManager {
  let onStorage: ((event: StorageEvent) => void) | undefined;
  return {
    get: (fallback) => {
      try {
        const stored = localStorage.getItem(KEY);
        return isChoice(stored) ? stored : fallback;
      } catch {
        return fallback;
      }
    },
    set: (value) => {
      try {
        localStorage.setItem(KEY, value);
      } catch {
        // Without storage the choice lasts as long as the page.
      }
    },
    subscribe: (update) => {
      onStorage = (event) => {
        if (event.key === KEY && isChoice(event.newValue)) update(event.newValue);
      };
      window.addEventListener('storage', onStorage);
    },
    unsubscribe: () => onStorage && window.removeEventListener('storage', onStorage),
    clear: () => localStorage.removeItem(KEY),
  };
}

const OURS = 'var(--ours-';
const BUTTON_VARS = {
  '--button-bg': `${OURS}bg)`,
  '--button-hover': `${OURS}hover)`,
  '--button-color': `${OURS}color)`,
  '--button-hover-color': `${OURS}color)`,
  '--button-bd': `${OURS}bd)`,
};
const ACTION_VARS = {
  '--ai-bg': 'transparent',
  '--ai-hover': 'var(--hover)',
  '--ai-color': 'var(--ink-2)',
  '--ai-hover-color': 'var(--ink)',
  '--ai-bd': '0',
};

/** Mantine's parts in the desk's own clothes: sizes and tokens here, the rest in mantine.module.css. Plain records: naming the parts themselves would load them all at once. */
export const theme = createTheme({
  fontFamily: 'var(--sans)',
  fontFamilyMonospace: 'var(--mono)',
  headings: { fontFamily: 'var(--sans)', fontWeight: '600' },
  defaultRadius: 6,
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Button: {
      defaultProps: { size: 'xs', variant: 'default' },
      classNames: { root: classes.button ?? '', label: classes.buttonLabel ?? '' },
      // Mantine writes its colours on the element itself; leaving them to the class keeps one place for them.
      vars: () => ({ root: BUTTON_VARS }),
    },
    ActionIcon: {
      defaultProps: { variant: 'subtle', size: 30 },
      classNames: { root: classes.action ?? '' },
      vars: () => ({ root: ACTION_VARS }),
    },
    Input: { defaultProps: { size: 'xs' }, classNames: { input: classes.input ?? '' } },
    InputWrapper: {
      defaultProps: { size: 'xs' },
      classNames: {
        label: classes.label ?? '',
        description: classes.description ?? '',
        error: classes.error ?? '',
        required: classes.required ?? '',
      },
    },
    Checkbox: {
      defaultProps: { size: 'xs' },
      classNames: { input: classes.check ?? '', icon: classes.checkIcon ?? '' },
    },
    Menu: {
      defaultProps: {
        shadow: 'none',
        offset: 6,
        transitionProps: { duration: 80 },
        // Inside the page's landmarks, and nothing in it but its items.
        withinPortal: false,
        withInitialFocusPlaceholder: false,
      },
      classNames: { dropdown: classes.dropdown ?? '', item: classes.item ?? '', label: classes.menuLabel ?? '' },
    },
    Modal: {
      defaultProps: {
        centered: true,
        transitionProps: { duration: 90 },
        overlayProps: { className: classes.scrim ?? '' },
        // A dialog's head is no banner of the page.
        attributes: { header: { role: 'none' } },
      },
      classNames: { content: classes.modal ?? '', header: classes.modalHeader ?? '', title: classes.modalTitle ?? '' },
    },
    Notification: {
      defaultProps: { closeButtonProps: { 'aria-label': 'Dismiss' } },
      classNames: { root: classes.note ?? '', title: classes.noteTitle ?? '', description: classes.noteText ?? '' },
    },
  },
});
