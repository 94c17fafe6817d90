import type { ServiceStatus } from '@orrery/protocol';
import type { Db } from '../platform/db.ts';
import type { Probe } from './compile.ts';
import { checkName } from './store.ts';
import type { IntakeTables } from './tables.ts';

/** What a probe's newest check up to a moment found; `at` is null where none is stored. */
export type PastState = { project: string; status: ServiceStatus; latencyMs: number | null; at: number | null };

/** How far back a check still says how things are, in ms: three of its intervals and a little. In few steps, so that few questions are asked. */
const STEPS = [120_000, 900_000, 3 * 3_600_000, 4 * 86_400_000];
const reachOf = ({ intervalMs, timeoutMs }: Probe): number => {
  const wanted = 3 * intervalMs + timeoutMs + 15_000;
  return STEPS.find((step) => step >= wanted) ?? wanted;
};
const KEYS_PER_QUERY = 500;

/** How each probe stood at a moment (epoch ms), by the newest check that was stored before it; unknown where that is too old or not kept. */
export async function statesAt(db: Db, probes: readonly Probe[], at: number): Promise<PastState[]> {
  const byReach = new Map<number, Probe[]>();
  for (const probe of probes) {
    const reach = reachOf(probe);
    const alike = byReach.get(reach);
    if (alike) alike.push(probe);
    else byReach.set(reach, [probe]);
  }
  const newest = new Map<number, Omit<PastState, 'project'>>();
  for (const [reach, some] of byReach)
    for (let from = 0; from < some.length; from += KEYS_PER_QUERY) {
      const keys = some.slice(from, from + KEYS_PER_QUERY).map(({ key }) => key);
      const checks = await db
        .withTables<IntakeTables>()
        .selectFrom('checks')
        .select(['probe', 'at', 'status', 'latency_ms'])
        .where('probe', 'in', keys)
        .where('at', '>', at - reach)
        .where('at', '<=', at)
        .execute();
      for (const check of checks) {
        const { probe, at: ran, status, latency_ms: latencyMs } = check;
        if ((newest.get(probe)?.at ?? 0) < ran) newest.set(probe, { at: ran, status: checkName(status), latencyMs });
      }
    }
  const nothing = { at: null, status: 'unknown', latencyMs: null } as const;
  return probes.map(({ project, key }) => ({ project, ...(newest.get(key) ?? nothing) }));
}
