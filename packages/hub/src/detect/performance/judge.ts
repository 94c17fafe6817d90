import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { Clock } from '../../platform/clock.ts';
import { type Db, inTransaction } from '../../platform/db.ts';
import type { Log } from '../../platform/log.ts';
import type { IncomingSample, Samples } from '../../samples/index.ts';
import { loadAdvice } from './advise/keep.ts';
import { apdexOf, apdexOfAll, type Satisfied } from './apdex.ts';
import type { PerformanceFacts, Word } from './facts.ts';
import { JUDGES } from './judges/index.ts';
import { type Merged, merge } from './merge.ts';
import { loadProblems, nextProblems, saveProblems } from './problems.ts';
import { type StoredWindow, windowsOf } from './store.ts';
import type { Usual } from './usual.ts';

/** What is judged at a time; the same length before it stands beside it. */
export const RECENT_MS = 5 * 60_000;
/** Routes whose own score is kept as a series. */
const MAX_ROUTES = 20;
const CONNECTIONS = 'postgres.connections_percent';
/** A probe that has not told for longer says nothing about now. */
const STALE_MS = 5 * 60_000;

export type JudgeDeps = {
  db: Db;
  clock: Clock;
  log: Log;
  samples: Pick<Samples, 'append' | 'latest' | 'windowOf'>;
  usual: Usual;
  /** T of every project that is declared. */
  satisfied(): Promise<ReadonlyMap<string, Satisfied>>;
};

/** Judges every project from what it told of in the last ten minutes, and keeps its Apdex as samples; running it again says the same. */
export function createJudging(deps: JudgeDeps) {
  const { db, clock, log, samples, usual } = deps;

  async function judgeProject(facts: PerformanceFacts, now: number): Promise<void> {
    const { project } = facts;
    const words: Word[] = [];
    for (const [name, judge] of Object.entries(JUDGES))
      try {
        words.push(...judge(facts));
      } catch (error) {
        log.error({ err: error, judge: name, project }, 'a judge of performance failed; what it had said stays');
      }
    const before = await loadProblems(db, project);
    const after = nextProblems(project, before, words, now);
    if (before.length + after.length > 0) await saveProblems(db, project, after);
  }

  return async (signal?: AbortSignal): Promise<void> => {
    const now = clock.now();
    const declared = await deps.satisfied();
    const [advice, problems, connections] = [
      await loadAdvice(db),
      Map.groupBy(await loadProblems(db), ({ project }) => project),
      await connectionsOf(samples, [...declared.keys()], now),
    ];
    for (const [project, satisfied] of declared) {
      signal?.throwIfAborted();
      // One project at a time: what all of them told of in ten minutes is a lot to hold. In between it is the turn of all else that waits.
      await yieldToOthers();
      const mine = await windowsOf(db, { project, after: now - 2 * RECENT_MS, until: now });
      const firing = problems.get(project) ?? [];
      const servers = connections.get(project) ?? [];
      const advised = advice.get(project) ?? [];
      if (mine.length + firing.length + servers.length + advised.length === 0) continue;
      const [recent, before] = halves(mine, now);
      await judgeProject(
        {
          ...{ project, recent, before, firing, connections: servers, advice: advised },
          usual: {
            routes: await usual(project, 'route', [...recent.routes.keys()], now),
            statements: await usual(project, 'statement', [...recent.statements.keys()], now),
          },
        },
        now,
      );
      const scores = scoresOf(recent, satisfied, now);
      if (scores.length > 0) await inTransaction(db, (trx) => samples.append(trx, project, scores, now));
    }
    // What is no longer declared has no problems either.
    for (const project of problems.keys()) if (!declared.has(project)) await saveProblems(db, project, []);
  };
}

export function halves(windows: readonly StoredWindow[], now: number): [recent: Merged, before: Merged] {
  const newer = windows.filter(({ at }) => at > now - RECENT_MS);
  const older = windows.filter(({ at }) => at <= now - RECENT_MS);
  return [merge(newer.map(({ window }) => window)), merge(older.map(({ window }) => window))];
}

/** The Apdex of the last five minutes: of the project, of its dearest routes, and of its platforms. */
function scoresOf({ routes, platforms }: Merged, satisfied: Satisfied, at: number): IncomingSample[] {
  const sample = (value: number, tags?: Record<string, string>): IncomingSample => ({
    ...{ key: tags?.route === undefined ? 'performance.apdex' : 'performance.route_apdex', value, at },
    ...(tags ? { tags } : {}),
  });
  const whole = apdexOfAll(routes.values(), satisfied);
  const dearest = [...routes.values()].sort((a, b) => b.totalMs - a.totalMs).slice(0, MAX_ROUTES);
  return [
    ...(whole ? [sample(whole.score)] : []),
    ...dearest.flatMap((route) => {
      const apdex = apdexOf(route, satisfied.routes.get(route.name) ?? satisfied.thresholdMs);
      return apdex ? [sample(apdex.score, { route: route.name.slice(0, 128) })] : [];
    }),
    ...[...platforms.values()].flatMap((platform) => {
      const apdex = apdexOf(platform, satisfied.thresholdMs);
      return apdex ? [sample(apdex.score, { platform: platform.name })] : [];
    }),
  ];
}

type Server = PerformanceFacts['connections'][number];

/** How full the PostgreSQL servers are that probes look at: the newest figure and the least of the last five minutes. */
async function connectionsOf(
  samples: JudgeDeps['samples'],
  projects: readonly string[],
  now: number,
): Promise<Map<string, Server[]>> {
  const servers = new Map<string, Server[]>();
  if (projects.length === 0) return servers;
  const latest = (await samples.latest(projects, [CONNECTIONS])).filter(
    ({ receivedAt }) => now - receivedAt < STALE_MS,
  );
  if (latest.length === 0) return servers;
  const points = await samples.windowOf(
    latest.map(({ id }) => id),
    now - RECENT_MS,
    now + RECENT_MS,
  );
  for (const { id, project, service = '', value, tags } of latest) {
    const least = Math.min(value, ...(points.get(id) ?? []).map((point) => point.value));
    const nth = tags?.probe === undefined ? service : `${service} (${tags.probe})`;
    servers.set(project, [...(servers.get(project) ?? []), { service: nth, percent: value, leastPercent: least }]);
  }
  return servers;
}
