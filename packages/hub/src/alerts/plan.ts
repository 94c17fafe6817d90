import type { Finding } from '../detect/index.ts';
import type { AlertRow } from './tables.ts';

type Seen = { alert: AlertRow; finding: Finding };

/** What has to change so that the alerts tell what the detectors see. */
export type Plan = {
  /** Not known yet: becomes an alert. */
  open: Finding[];
  /** Over so recently that nobody has heard of it: goes on. */
  reopen: Seen[];
  /** Known, and seen again since. */
  repeat: Seen[];
  /** Living, but gone. */
  resolve: AlertRow[];
  /** Resolved by a person while it fired, and gone now: the next firing is news again. */
  release: AlertRow[];
};

/** Compares all living and suppressed alerts of some projects with all findings that fire in them now. */
export function plan(alerts: readonly AlertRow[], findings: readonly Finding[]): Plan {
  const firing = new Map(findings.map((finding) => [finding.fingerprint, finding]));
  const result: Plan = { open: [], reopen: [], repeat: [], resolve: [], release: [] };
  for (const alert of alerts) {
    const finding = firing.get(alert.fingerprint);
    firing.delete(alert.fingerprint);
    if (alert.suppressed === 1) {
      if (!finding) result.release.push(alert);
    } else if (!finding) result.resolve.push(alert);
    else if (finding.observedAt > alert.last_seen_at) result.repeat.push({ alert, finding });
  }
  result.open = [...firing.values()];
  return result;
}

/** The same plan, in which what would open goes on as one of these alerts, of the same finding the newest. */
export function goingOn(before: Plan, recovered: readonly AlertRow[]): Plan {
  const newest = new Map<string, AlertRow>();
  for (const alert of recovered) {
    const known = newest.get(alert.fingerprint);
    if (!known || known.id < alert.id) newest.set(alert.fingerprint, alert);
  }
  const next: Plan = { ...before, open: [], reopen: [] };
  for (const finding of before.open) {
    const alert = newest.get(finding.fingerprint);
    if (alert) next.reopen.push({ alert, finding });
    else next.open.push(finding);
  }
  return next;
}

export const isEmpty = ({ open, reopen, repeat, resolve, release }: Plan): boolean =>
  open.length + reopen.length + repeat.length + resolve.length + release.length === 0;

/** The projects that a plan changes, in the one order in which they are locked. */
export function affected({ open, repeat, resolve, release }: Plan): string[] {
  const alerts = [...resolve, ...release, ...repeat.map(({ alert }) => alert)];
  return [...new Set([...open, ...alerts].map(({ project }) => project))].sort();
}
