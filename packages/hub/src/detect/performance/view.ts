import type { ProjectPerformance } from '@orrery/protocol';
import { authorize, type Caller, sees } from '../../access/index.ts';
import { iso } from '../../platform/clock.ts';
import type { Db } from '../../platform/db.ts';
import { HubError } from '../../platform/errors.ts';
import { loadAdvice, loadLooks } from './advise/keep.ts';
import { apdexOf, apdexOfAll, type Satisfied } from './apdex.ts';
import { HOUR } from './fold.ts';
import { quantileOf } from './latency.ts';
import { type Measured, merge } from './merge.ts';
import { loadProblems } from './problems.ts';
import { windowsOf } from './store.ts';
import type { SubjectKind } from './tables.ts';
import type { Usual } from './usual.ts';

export type ViewDeps = {
  db: Db;
  now: () => number;
  usual: Usual;
  /** T of a project, undefined when there is no such project, and the address of its database without its secrets. */
  declared(project: string): Promise<{ satisfied: Satisfied; target: string | undefined } | undefined>;
};

/** The last hour of a project beside what is usual of it; throws `not_found` for one that the caller does not see. */
export async function viewPerformance(deps: ViewDeps, caller: Caller, project: string): Promise<ProjectPerformance> {
  authorize(caller, 'ops:view');
  const { db } = deps;
  const declared = sees(caller, project) ? await deps.declared(project) : undefined;
  if (!declared) throw new HubError('not_found', `There is no project "${project}".`);
  const { satisfied, target } = declared;
  const to = deps.now();
  const from = to - HOUR;
  const windows = await windowsOf(db, { project, after: from, until: to });
  const merged = merge(windows.map(({ window }) => window));
  const problems = await loadProblems(db, project);
  const slow = new Set(problems.map(({ kind, subject }) => `${kind} ${subject}`));
  const spent = async (kind: SubjectKind, all: ReadonlyMap<string, Measured>) => {
    const usual = await deps.usual(project, kind, [...all.keys()], to);
    const whole = [...all.values()].reduce((sum, { totalMs }) => sum + totalMs, 0);
    return [...all.values()]
      .sort((a, b) => b.totalMs - a.totalMs)
      .map((measured) => ({
        measured,
        figures: {
          ...figuresOf(measured, whole),
          usualP95Ms: round(usual.get(measured.name)?.usualMs),
          limitMs: round(usual.get(measured.name)?.limitMs),
          slow: slow.has(`slow-${kind} ${measured.name}`),
        },
      }));
  };
  const look = target === undefined ? undefined : (await loadLooks(db)).get(project);
  return {
    project,
    from: iso(from),
    to: iso(to),
    lastAt: windows.length === 0 ? null : iso(windows.at(-1)?.at ?? 0),
    apdex: apdexOfAll(merged.routes.values(), satisfied) ?? null,
    routes: (await spent('route', merged.routes)).flatMap(({ measured, figures }) => {
      const apdex = apdexOf(measured, satisfied.routes.get(measured.name) ?? satisfied.thresholdMs);
      return apdex ? [{ ...figures, apdex }] : [];
    }),
    platforms: [...merged.platforms.values()].flatMap((platform) => {
      const apdex = apdexOf(platform, satisfied.thresholdMs);
      return apdex ? [{ platform: platform.name, apdex }] : [];
    }),
    statements: (await spent('statement', merged.statements)).map(({ measured, figures }) => ({
      ...figures,
      rows: measured.rows,
    })),
    repeats: [...merged.repeats.values()]
      .sort((a, b) => b.wastedMs - a.wastedMs)
      .map(({ windows: _, ...repeat }) => {
        const all = Math.max(merged.routes.get(repeat.route)?.count ?? 0, repeat.requests);
        return { ...repeat, wastedMs: round(repeat.wastedMs) ?? 0, sharePercent: share(repeat.requests, all) };
      }),
    pools: [...merged.pools.values()].flatMap((some) => {
      const newest = some.at(-1);
      if (!newest) return [];
      const { asked: _, at, ...pool } = newest;
      return [{ ...pool, waiting: Math.max(...some.map(({ waiting }) => waiting)), at: iso(at) }];
    }),
    problems: problems.map(({ kind, subject, said, since }) => ({ kind, subject, ...said, since: iso(since) })),
    indexes: (await loadAdvice(db, project)).get(project) ?? [],
    advisor:
      target === undefined
        ? null
        : {
            target,
            lastAt: look ? iso(look.at) : null,
            error: look?.error ?? null,
            notes: look?.notes ?? [],
          },
  };
}

const figuresOf = ({ name, count, failed, totalMs, latency }: Measured, whole: number) => ({
  ...{ name, count, failed },
  p50Ms: quantileOf(latency, 0.5),
  p95Ms: quantileOf(latency, 0.95),
  p99Ms: quantileOf(latency, 0.99),
  totalMs: round(totalMs) ?? 0,
  sharePercent: share(totalMs, whole),
});

const share = (part: number, whole: number): number => (whole === 0 ? 0 : Math.round((part / whole) * 1000) / 10);
const round = <T extends number | undefined>(value: T): number | (T extends undefined ? null : never) =>
  (value === undefined ? null : Math.round(value * 1000) / 1000) as number | (T extends undefined ? null : never);
