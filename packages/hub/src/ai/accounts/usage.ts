import type { AiUsage, AiUsageGroup, UsageBy } from '@orrery/protocol';
import { authorize, type Caller, sees } from '../../access/index.ts';
import { iso } from '../../platform/clock.ts';
import type { Db } from '../../platform/db.ts';
import { addFigures, DAY, type Figures, figuresOf, floor, HOUR, rolledUntil, storedFigures } from './rollup.ts';
import { latencyQuantile } from './sketch.ts';
import { usd } from './view.ts';

export type UsageQuery = { from: number; to: number; by: UsageBy; project?: string | undefined };

/** Figures of a span of time with the start of each piece: whole days, then whole hours, then the calls of the edges. */
async function pieces(db: Db, from: number, to: number): Promise<(Figures & { start_at: number })[]> {
  const [hours, days] = [await rolledUntil(db, 'hour'), await rolledUntil(db, 'day')];
  const found: (Figures & { start_at: number })[] = [];
  const raw = async (a: number, b: number) => {
    for (let start = a; start < b; start = floor(start, HOUR) + HOUR) {
      const figures = await figuresOf(db, start, Math.min(floor(start, HOUR) + HOUR, b));
      found.push(...figures.map((one) => ({ ...one, start_at: floor(start, HOUR) })));
    }
  };
  const hourly = async (a: number, b: number) => {
    const [first, last] = [Math.min(Math.ceil(a / HOUR) * HOUR, b), Math.max(floor(Math.min(b, hours), HOUR), a)];
    if (first >= last) return rawBounded(a, b);
    await rawBounded(a, first);
    found.push(...(await storedFigures(db, 'hour', first, last)));
    await rawBounded(last, b);
  };
  /** An edge is part of an hour, or the newest hours that are not added up yet. */
  const rawBounded = async (a: number, b: number) => (b - a > 0 ? raw(a, b) : undefined);
  const [firstDay, lastDay] = [Math.ceil(from / DAY) * DAY, floor(Math.min(to, days), DAY)];
  if (lastDay - firstDay < 3 * DAY) await hourly(from, to);
  else {
    await hourly(from, firstDay);
    found.push(...(await storedFigures(db, 'day', firstDay, lastDay)));
    await hourly(lastDay, to);
  }
  return found;
}

/** Whose figures a caller may see: a tenant its own, a key of some projects those. */
export function visibleTo(caller: Caller): (row: { tenant: string | null; project: string | null }) => boolean {
  return ({ tenant, project }) =>
    (caller.tenant === null || caller.tenant === tenant) &&
    (caller.projects === 'all' ||
      (caller.tenant !== null && !caller.limited && !project) ||
      (project !== null && project !== '' && sees(caller, project)));
}

const COLUMN = {
  provider: 'provider',
  model: 'model',
  tenant: 'tenant',
  project: 'project',
  intent: 'intent',
  key: 'key_id',
} as const;

/** Calls, success, latency, tokens and cost of a span of time, by one of their properties. */
export async function usage(db: Db, caller: Caller, { from, to, by, project }: UsageQuery): Promise<AiUsage> {
  authorize(caller, 'ops:view', project);
  const mine = visibleTo(caller);
  const all = (await pieces(db, from, to)).filter(
    (one) => mine(one) && (project === undefined || one.project === project),
  );
  const groups = Map.groupBy(all, (one) => one[COLUMN[by]]);
  const step = to - from > 8 * DAY ? DAY : HOUR;
  const series = [...Map.groupBy(all, ({ start_at }) => floor(start_at, step))].sort(([a], [b]) => a - b);
  return {
    from: iso(from),
    to: iso(to),
    by,
    total: summary('', all),
    groups: [...groups]
      .map(([name, list]) => summary(name, list))
      .sort((a, b) => b.costUsd - a.costUsd || b.calls - a.calls)
      .slice(0, 200),
    series: series.map(([at, list]) => {
      const { calls, refused, ok, cost_nano, input_tokens, output_tokens, latencies } = sum(list);
      return {
        at: iso(at),
        calls,
        failed: calls - refused - ok,
        costUsd: usd(cost_nano),
        tokens: input_tokens + output_tokens,
        p95Ms: latencyQuantile(latencies, 0.95),
      };
    }),
  };
}

function sum(list: readonly Figures[]): Figures {
  const total: Figures = {
    ...{ tenant: '', project: '', key_id: '', intent: '', provider: '', model: '' },
    ...{ calls: 0, ok: 0, refused: 0, unpriced: 0, failovers: 0, cached: 0 },
    ...{ input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, cost_nano: 0, latencies: new Map() },
  };
  for (const one of list) addFigures(total, one);
  return total;
}

function summary(name: string, list: readonly Figures[]): AiUsageGroup {
  const total = sum(list);
  const tried = total.calls - total.refused;
  return {
    name,
    calls: total.calls,
    successRate: tried > 0 ? Math.round((total.ok / tried) * 10_000) / 100 : null,
    p50Ms: latencyQuantile(total.latencies, 0.5),
    p95Ms: latencyQuantile(total.latencies, 0.95),
    p99Ms: latencyQuantile(total.latencies, 0.99),
    inputTokens: total.input_tokens,
    outputTokens: total.output_tokens,
    cacheReadTokens: total.cache_read_tokens,
    costUsd: usd(total.cost_nano),
    unpricedCalls: total.unpriced,
    refused: total.refused,
    failovers: total.failovers,
    cacheHits: total.cached,
  };
}
