import { randomBytes } from 'node:crypto';
import type { Caller } from '../access/index.ts';
import type { StoredProject } from '../catalog/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import type { Log } from '../platform/log.ts';
import type { Samples } from '../samples/index.ts';
import { type Change, changesOf, loadConditions, saveConditions } from './conditions.ts';
import { attack } from './detectors/attack.ts';
import { DETECTORS } from './detectors/index.ts';
import { createExpiries } from './expiries.ts';
import type { AttackFact, Condition, Facts, ProbeFact, RuleFact, TrendFact, Verdict } from './facts.ts';
import type { Finding } from './finding.ts';
import { createForecasts } from './forecast/forecasts.ts';
import { type Declared, metricsOf, servicesOf, type Watched, watch } from './gather.ts';
import { HUB_PROJECT, type HubFact, isolatedHubs } from './isolation.ts';
import type { PerformanceProblem } from './performance/index.ts';
import { createSecurity } from './security/security.ts';
import { createSightings } from './sightings.ts';
import { type BudgetFact, spentBudgets } from './spend.ts';
import { createSpikes } from './spikes.ts';
import { listTemplates, type TemplateFilter } from './templates/list.ts';
import { createMiner, type LinesAfter } from './templates/mine.ts';
import { expireTemplates } from './templates/store.ts';
import { ownTroubles, type TroubleFact } from './trouble.ts';

export type DetectDeps = {
  db: Db;
  clock: Clock;
  log: Log;
  samples: Pick<Samples, 'latest' | 'windowOf' | 'seriesOf' | 'hourly'>;
  /** The newest state of every probe. */
  states: () => readonly ProbeFact[] | Promise<readonly ProbeFact[]>;
  /** When projects were last heard of. */
  projects: () => Promise<readonly Pick<StoredProject, 'slug' | 'lastSeenAt'>[]>;
  /** Makes opaque who attacks the hub itself, alike on every hub; a passing one unless given. */
  attackKey?: Uint8Array;
  /** Log lines as they are stored. */
  linesAfter: LinesAfter;
  /** What rules over events and samples have seen of these projects, of all when absent; nothing without it. */
  rules?: (projects?: readonly string[]) => Promise<ReadonlyMap<string, readonly RuleFact[]>>;
  /** What the daily analysis says of these projects, of all when absent; nothing without it. */
  trends?: (projects?: readonly string[]) => Promise<ReadonlyMap<string, readonly TrendFact[]>>;
  /** What the Performance agent found in these projects, in all when absent; nothing without it. */
  performance?: (projects?: readonly string[]) => Promise<ReadonlyMap<string, readonly PerformanceProblem[]>>;
  /** The hubs on the database; nobody, unless said otherwise. */
  hubs?: () => readonly HubFact[];
  /** What this hub could not do itself; nothing, unless said otherwise. */
  troubles?: () => readonly TroubleFact[];
  /** How far AI budgets are used; there are none, unless said otherwise. */
  budgets?: () => Promise<readonly BudgetFact[]>;
  /** A project silent for longer is offline, in milliseconds; read each time, since a reload may change it. */
  offlineAfterMs: () => number;
};

/** All that fires now in the projects of `scope`, judged at `at` (epoch ms). What fired there before and is absent has ended. */
export type Evaluation = { findings: Finding[]; scope: string[]; at: number };

export type Detect = ReturnType<typeof createDetect>;

const NOTHING: ReadonlyMap<string, Condition> = new Map();

/** Facts → findings: gathers what is known, lets the pure detectors judge, remembers the conditions that hold. */
export function createDetect(deps: DetectDeps) {
  const { db, clock, log, samples } = deps;
  const sightings = createSightings(clock, deps.offlineAfterMs);
  const expiries = createExpiries(samples, clock);
  const spikes = createSpikes(samples, clock);
  const miner = createMiner(deps);
  let watched = new Map<string, Watched>();
  const forecasts = createForecasts({ db, clock, log, samples, watched: () => watched });
  const security = createSecurity({
    db,
    clock,
    log,
    samples,
    key: deps.attackKey ?? randomBytes(32),
    slugs: () => [...watched.keys()],
  });
  let seenAt: ReadonlyMap<string, number | null> | undefined;

  function judge(facts: Facts, remembered: ReadonlyMap<string, Condition>, now: number) {
    const limits = { offlineAfterMs: deps.offlineAfterMs() };
    const verdicts = new Map<string, Verdict & { detector: string }>();
    for (const [detector, detect] of Object.entries(DETECTORS)) {
      let said: Verdict[];
      try {
        said = detect(facts, limits, remembered, now);
      } catch (error) {
        // One detector that stumbles over a fact must neither silence the others nor end what it had raised.
        log.error({ err: error, detector, project: facts.project }, 'a detector failed; what it had raised stays');
        said = [...remembered].flatMap(([fingerprint, condition]): Verdict[] =>
          condition.finding?.detector === detector ? [{ fingerprint, state: 'unknown' }] : [],
        );
      }
      for (const verdict of said)
        if (!verdicts.has(verdict.fingerprint)) verdicts.set(verdict.fingerprint, { ...verdict, detector });
    }
    return [...verdicts.values()];
  }

  return {
    /** Takes up the declarations: which projects, probes and thresholds there are from now on. */
    sync(projects: readonly Declared[]): void {
      watched = new Map(projects.map((project) => [project.slug, watch(project)]));
      forecasts.forget();
      sightings.forget(new Set(watched.keys()));
    },

    forecasts,

    /** Sorts the log lines that came in since the last turn into templates. */
    mineLogs: miner.mine,
    logTemplates: (caller: Caller, filter: TemplateFilter) => listTemplates({ db, now: clock.now }, caller, filter),
    /** Forgets templates without a line for 30 days, and those of projects that are gone. */
    async expire(): Promise<void> {
      await expireTemplates(db, clock.now(), [...watched.keys()]);
      await security.expire([...watched.keys(), HUB_PROJECT]);
    },
    security,

    /** Judges these projects, or all; running it again without new facts says the same. */
    async evaluate(projects?: readonly string[]): Promise<Evaluation> {
      const now = clock.now();
      sightings.look();
      const asked = projects === undefined ? undefined : new Set(projects);
      const chosen = [...watched.values()].filter(({ slug }) => asked === undefined || asked.has(slug));
      const remembered = await loadConditions(db, asked ? [...asked] : undefined);
      const [states, metrics, certificates, risen, rules, trends, ahead, attacks, performance] = await Promise.all([
        deps.states(),
        metricsOf(samples, chosen, remembered),
        asked === undefined ? expiries.look(chosen) : undefined,
        asked === undefined ? spikes.look(chosen) : undefined,
        deps.rules?.(projects),
        deps.trends?.(projects),
        forecasts.facts(),
        security.facts(projects, now),
        deps.performance?.(projects),
      ]);
      // Silence is judged by the sweep alone: a project that has just brought facts is not the one that is silent.
      if (asked === undefined || seenAt === undefined)
        seenAt = new Map((await deps.projects()).map(({ slug, lastSeenAt }) => [slug, lastSeenAt]));
      const statesOf = Map.groupBy(states, (state) => state.project);
      const findings: Finding[] = [];
      const changes: Change[] = [];
      for (const project of chosen) {
        const known = remembered.get(project.slug) ?? NOTHING;
        const lastSeenAt = seenAt.get(project.slug) ?? null;
        const facts: Facts = {
          project: project.slug,
          name: project.name,
          lastSeenAt,
          silentMs: lastSeenAt === null || asked ? 0 : sightings.silentMs(project.slug, lastSeenAt),
          services: servicesOf(project, statesOf.get(project.slug) ?? []),
          metrics: metrics.get(project.slug) ?? [],
          expiries: certificates && (certificates.get(project.slug) ?? []),
          spikes: risen && (risen.get(project.slug) ?? []),
          logs: miner.facts(project.slug, now),
          rules: rules?.get(project.slug),
          trends: trends?.get(project.slug),
          forecasts: ahead.get(project.slug),
          attacks: attacks.get(project.slug) ?? [],
          performance: performance && (performance.get(project.slug) ?? []),
        };
        const verdicts = judge(facts, known, now);
        for (const verdict of verdicts) {
          const finding = verdict.state === 'firing' ? verdict.finding : known.get(verdict.fingerprint)?.finding;
          if (finding && verdict.state !== 'pending') findings.push(finding);
        }
        changes.push(...changesOf(project.slug, known, verdicts));
      }
      // A project that is gone is judged once more, with nothing to say, so that its alerts end; its memory goes a round later.
      const gone = [...remembered.keys()].filter((slug) => !watched.has(slug));
      for (const slug of gone) changes.push(...forgetSlowly(slug, remembered.get(slug) ?? NOTHING, now));
      await saveConditions(db, changes);
      const scope = new Set([...chosen.map(({ slug }) => slug), ...gone]);
      if (asked === undefined || asked.has(HUB_PROJECT)) {
        scope.add(HUB_PROJECT);
        const budgets = (await deps.budgets?.()) ?? [];
        findings.push(
          ...isolatedHubs(deps.hubs?.() ?? [], now),
          ...ownTroubles(deps.troubles?.() ?? [], now),
          ...spentBudgets(budgets, now),
          ...attackedHub(attacks.get(HUB_PROJECT) ?? [], now),
        );
      }
      return { findings, scope: [...scope], at: now };
    },
  };
}

/** Attacks on the hub itself are judged as those on a product. */
function attackedHub(attacks: readonly AttackFact[], now: number): Finding[] {
  const facts: Facts = {
    project: HUB_PROJECT,
    name: 'Orrery',
    lastSeenAt: now,
    silentMs: 0,
    services: [],
    metrics: [],
    attacks,
  };
  return attack(facts, { offlineAfterMs: 0 }, NOTHING, now).flatMap((verdict) =>
    verdict.state === 'firing' ? [verdict.finding] : [],
  );
}

const KEPT_AFTER_REMOVAL_MS = 60 * 60_000;

/**
 * A crash between judging and telling must not leave an alert open for ever: what fired in a removed project is remembered for an
 * hour more as something that does not fire, and so its project stays in scope.
 */
function forgetSlowly(project: string, conditions: ReadonlyMap<string, Condition>, now: number): Change[] {
  return [...conditions].flatMap(([fingerprint, condition]): Change[] => {
    if (condition.firing)
      return [
        {
          kind: 'put',
          project,
          detector: condition.finding?.detector ?? '',
          fingerprint,
          condition: { since: condition.since, seenAt: now, firing: false },
        },
      ];
    return condition.seenAt < now - KEPT_AFTER_REMOVAL_MS ? [{ kind: 'drop', fingerprint }] : [];
  });
}
