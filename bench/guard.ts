import { Environment } from '../packages/hub/src/alerts/testing.ts';
import { type GuardFacts, guard, type PastAttempt } from '../packages/hub/src/repair/testing.ts';
import { figure } from './tools/report.ts';

/**
 * Usage: node bench/guard.ts. CPU time of one decision of the guard, over facts that lead to every kind of answer, most of them to the last
 * rule. The peer is a rule engine, which is what such policies are written in elsewhere: CEL (@marcbachmann/cel-js, on which Orrery's own
 * rules run), parsed beforehand, deciding over the same facts. It is given the dozen conditions that forbid and delay; of the guard's
 * streaks, budgets over time and words it does nothing.
 */
const DECISIONS = 200_000;
const NOW = Date.UTC(2026, 10, 20, 12);
const MINUTE = 60_000;

const past = (agoMs: number, outcome: PastAttempt['outcome']): PastAttempt => ({
  ...{ policy: 'restart', actedAt: NOW - agoMs, outcome, approved: true },
});
/** Ten attempts at this target within four hours, two hundred of its policy in a month. */
const history = Array.from({ length: 200 }, (_, i) =>
  past((20 + i * 24) * MINUTE, i % 3 === 0 ? 'no effect' : 'healed'),
);
const BASE: GuardFacts = {
  ...{
    enabled: true,
    pausedBy: undefined,
    deniedBy: undefined,
    globalDryRun: false,
    inMaintenance: false,
    busy: false,
  },
  policy: { name: 'restart', mode: 'automatic', forMs: 30_000, cooldownMs: 5 * MINUTE, perHour: 3, earnTrust: 3 },
  alert: { openedAt: NOW - 5 * MINUTE, inhibited: false, recurrences: 2 },
  target: { status: 'down', confirmed: true, since: NOW - 60_000, healthySince: null },
  secondLookFailedAt: null,
  upstream: { fails: false, isSeen: true, backAt: null },
  past: history.filter(({ actedAt }) => actedAt > NOW - 240 * MINUTE),
  ofPolicy: history,
  learned: { tries: 10, successes: 7, upper: 0.85 },
  ...{ projectActsLastHour: 2, allActsLastHour: 9, underRepair: 1, services: 120 },
  limits: { projectPerHour: 6, perHour: 20, maxTargets: 3, maxSharePercent: 34 },
};
const FACTS: readonly GuardFacts[] = [
  ...[BASE, BASE, BASE, BASE],
  { ...BASE, policy: { ...BASE.policy, mode: 'dryRun' } },
  { ...BASE, learned: { tries: 9, successes: 0, upper: 0.2 } },
  { ...BASE, past: [past(MINUTE, 'healed')] },
  { ...BASE, underRepair: 3 },
];

const rule = new Environment({ unlistedVariablesAreDyn: true }).parse(
  [
    'f.enabled && !f.paused && !f.busy && !f.inMaintenance && !f.alert.inhibited && f.target.status in ["down", "degraded"]',
    'f.target.confirmed && f.now >= f.alert.openedAt + f.policy.forMs && f.now >= f.lastActedAt + f.policy.cooldownMs',
    'f.projectActsLastHour < f.limits.projectPerHour && f.allActsLastHour < f.limits.perHour && f.underRepair < f.limits.maxTargets',
  ].join(' && '),
);
const asCel = FACTS.map((facts) => ({
  f: { ...facts, paused: facts.pausedBy !== undefined, now: NOW, lastActedAt: facts.past[0]?.actedAt ?? 0 },
}));

if (asCel.filter((facts) => rule(facts) === true).length !== 6)
  throw new Error('the rule of the peer does not say what it should');

/** CPU microseconds of one call, after the compiler has had its turn. */
function cost(work: (index: number) => unknown): number {
  for (let i = 0; i < DECISIONS / 10; i++) work(i);
  const began = process.cpuUsage();
  for (let i = 0; i < DECISIONS; i++) work(i);
  const { user, system } = process.cpuUsage(began);
  return (user + system) / DECISIONS;
}

const answers = new Map<string, number>();
for (const facts of FACTS) {
  const { kind } = guard(facts, NOW);
  answers.set(kind, (answers.get(kind) ?? 0) + 1);
}
const said = [...answers].map(([kind, times]) => `${times} ${kind}`).join(', ');
const ours = cost((i) => guard(FACTS[i % FACTS.length] as GuardFacts, NOW));
const cel = cost((i) => rule(asCel[i % asCel.length] as Record<string, unknown>));
figure({
  what: 'a decision of the guard',
  unit: 'µs',
  ours,
  peer: { name: 'cel-js, a parsed rule of its conditions', value: cel },
  bar: { atMost: 50 },
  note: `CPU time; of 8 facts with 200 attempts behind them: ${said}`,
});
