import { existsSync, readFileSync } from 'node:fs';
import type { Container, GuardFacts, PastAttempt } from '../repair/index.ts';
import type { AutohealOptions } from './options.ts';
import type { State, Try } from './state.ts';

const HOUR = 3_600_000;

/** What one container's guard is told: the same facts as those of a policy, from the state file. Pure. */
export function factsFor(
  { name }: Pick<Container, 'name'>,
  seen: { failingSince: number; confirmed: boolean; selected: number },
  { tries }: Pick<State, 'tries'>,
  options: AutohealOptions,
  { paused, maintenance }: Pause,
  now: number,
): GuardFacts {
  const acted = tries.filter(({ actingAt }) => actingAt !== null).sort((a, b) => (b.actingAt ?? 0) - (a.actingAt ?? 0));
  const lately = acted.filter(({ actingAt }) => (actingAt ?? 0) > now - HOUR).length;
  const mine = acted.filter(({ container }) => container === name);
  const past = mine.filter(({ actingAt }) => (actingAt ?? 0) > now - 4 * HOUR);
  const open = tries.filter(({ status }) => status !== 'done');
  const { cooldownMs, perHour, allPerHour, maxTargets, maxSharePercent, mode } = options;
  return {
    enabled: true,
    pausedBy: paused ? 'its pause file' : undefined,
    deniedBy: undefined,
    policy: { name: 'autoheal', mode, forMs: 0, cooldownMs, perHour, earnTrust: 0 },
    globalDryRun: false,
    alert: {
      openedAt: seen.failingSince,
      inhibited: false,
      recurrences: past.filter(({ outcome }) => outcome === 'healed').length,
    },
    // An engine's health check has looked several times, and says so as one.
    target: { status: 'down', confirmed: seen.confirmed, since: null, healthySince: null },
    upstream: { fails: false, isSeen: true, backAt: null },
    // There is one engine to ask, and no other hub to look.
    secondLookFailedAt: null,
    inMaintenance: maintenance.has(name),
    past: past.map(toPast),
    ofPolicy: mine.map(toPast),
    // One remedy for every trouble: there is nothing to choose, and what did not help counts in `ofPolicy`.
    learned: { tries: 0, successes: 0, upper: 1 },
    busy: open.some(({ container }) => container === name),
    projectActsLastHour: lately,
    allActsLastHour: lately,
    limits: { projectPerHour: allPerHour, perHour: allPerHour, maxTargets, maxSharePercent },
    underRepair: open.length,
    services: Math.max(1, seen.selected),
  };
}

const toPast = ({ actingAt, createdAt, outcome }: Try): PastAttempt => ({
  policy: 'autoheal',
  actedAt: actingAt ?? createdAt,
  outcome: outcome === 'refused' || outcome === 'dry run' ? null : outcome,
  approved: false,
});

export type Pause = { paused: boolean; maintenance: ReadonlySet<string> };

/** The kill switch that a person at the machine has: a file. */
export function readPause(path: string): Pause {
  if (!existsSync(path)) return { paused: false, maintenance: new Set() };
  const names = readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  return { paused: names.length === 0, maintenance: new Set(names) };
}
