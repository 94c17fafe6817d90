import { useEffect, useRef } from 'react';

/** Every key of the console, for the help that `?` opens. A page's own keys come second. */
export const KEYS: readonly { group: string; keys: readonly [string, string][] }[] = [
  {
    group: 'Everywhere',
    keys: [
      ['⌘K or Ctrl K', 'Search or run an action'],
      ['?', 'Show these keys'],
      ['g o', 'Go to Overview'],
      ['g e', 'Go to Ecosystem'],
      ['g h', 'Go to Healing'],
      ['g n', 'Go to Agents'],
      ['g f', 'Go to Predictions'],
      ['g p', 'Go to Projects'],
      ['g a', 'Go to Alerts'],
      ['g i', 'Go to AI'],
      ['g c', 'Go to Security'],
      ['g s', 'Go to Settings'],
      ['p', 'Pause or go on live'],
      ['t', 'Switch dark and light'],
    ],
  },
  {
    group: 'Alerts',
    keys: [
      ['j', 'Next alert'],
      ['k', 'Previous alert'],
      ['Enter', 'Open the alert'],
      ['x', 'Select the alert'],
      ['a', 'Acknowledge'],
      ['r', 'Resolve'],
      ['i', 'Ignore'],
      ['Esc', 'Close the alert'],
    ],
  },
  {
    group: 'Ecosystem',
    keys: [
      ['Tab, Enter', 'Walk the map, open a project'],
      ['f', 'Find'],
      ['v', 'Map or table'],
      ['0', 'Fit all in'],
      ['Shift + hover', 'Blast radius'],
      ['Esc', 'Close the panel, leave the focus'],
    ],
  },
  {
    group: 'Heartbeat bars',
    keys: [
      ['← →', 'Walk through the checks'],
      ['Home, End', 'Oldest, newest check'],
    ],
  },
];

type KeyMap = Record<string, () => void>;

const maps: { current: KeyMap }[] = [];
let lead = '';
let timer: ReturnType<typeof setTimeout> | undefined;

/** One listener for all: a chord that one part began (`g a`) must not be half of another part's key (`a`). */
function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isBusy(event)) return;
  const chord = lead ? `${lead} ${event.key}` : event.key;
  const action = maps.findLast((map) => map.current[chord])?.current[chord];
  const leads = !lead && maps.some((map) => Object.keys(map.current).some((key) => key.startsWith(`${event.key} `)));
  clearTimeout(timer);
  lead = leads ? event.key : '';
  if (lead)
    timer = setTimeout(() => {
      lead = '';
    }, 900);
  if (!action) return;
  event.preventDefault();
  action();
}

/** Single keys and two-key chords (`g o`), silent while somebody types or a dialog is open. */
export function useKeys(map: KeyMap): void {
  const current = useRef(map);
  current.current = map;
  useEffect(() => {
    if (maps.length === 0) window.addEventListener('keydown', onKey);
    maps.push(current);
    return () => {
      maps.splice(maps.indexOf(current), 1);
      if (maps.length === 0) window.removeEventListener('keydown', onKey);
    };
  }, []);
}

function isBusy({ target, key }: KeyboardEvent): boolean {
  if (document.querySelector('[aria-modal=true]')) return true;
  if (!(target instanceof HTMLElement)) return false;
  if (key === 'Enter' && target.closest('a, button, summary')) return true;
  return (
    target.closest('input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable=true]') !== null
  );
}
