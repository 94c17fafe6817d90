import type { Alert } from '@orrery/protocol';
import { useMay } from '../access/me.ts';
import { useKeys } from '../ui/keys.ts';
import { useChangeAlert } from './change.ts';
import { type Verb, verbsFor } from './verbs.ts';

type Parts = {
  rows: readonly Alert[];
  active: string | undefined;
  opened: boolean;
  setCursor: (id: string | undefined) => void;
  open: (id: string | undefined) => void;
  selected: ReadonlySet<string>;
  setSelected: (ids: ReadonlySet<string>) => void;
};

/** j, k walk in the order that is shown; a, r, i act on where one stands; Enter opens, x selects, Esc closes. */
export function useAlertKeys({ rows, active, opened, setCursor, open, selected, setSelected }: Parts): void {
  const may = useMay();
  const change = useChangeAlert();
  const move = (by: number) => {
    const shown = [...document.querySelectorAll<HTMLElement>('table[aria-label="Alerts"] tr[data-row]')];
    const now = shown.findIndex((row) => row.dataset.row === active);
    const next = shown[now < 0 ? 0 : Math.min(shown.length - 1, Math.max(0, now + by))];
    if (!next?.dataset.row) return;
    next.scrollIntoView({ block: 'nearest' });
    setCursor(next.dataset.row);
    if (opened) open(next.dataset.row);
  };
  const act = (verb: Verb) => () => {
    const alert = rows.find((row) => row.id === active);
    if (!alert || !may('alerts:manage') || !verbsFor(alert.status).includes(verb)) return;
    change.mutate({ id: alert.id, verb });
  };
  const keys: Record<string, () => void> = {
    j: () => move(1),
    k: () => move(-1),
    a: act('acknowledge'),
    r: act('resolve'),
    i: act('ignore'),
    x: () => {
      if (!active || !may('alerts:manage')) return;
      const next = new Set(selected);
      if (!next.delete(active)) next.add(active);
      setSelected(next);
    },
  };
  // The names of these keys begin with a capital, which reads like a component to the linter.
  keys.Enter = () => active && open(active);
  keys.Escape = () => opened && open(undefined);
  useKeys(keys);
}
