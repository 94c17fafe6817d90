import type { MonitorRun } from '@orrery/protocol';
import { authorize, type Caller, sees } from '../access/index.ts';
import { HubError } from '../platform/errors.ts';
import type { Probe } from './compile.ts';
import type { Standing } from './judge.ts';

const AT_ONCE = 100;
const HEALTH = { up: 'healthy', degraded: 'degraded', down: 'unhealthy', unknown: 'unknown' } as const;

/**
 * Probes every instance now (a project without an instance probe by its other probes) and says how each project stands. For schedulers
 * outside, for people who ask for a refresh, and for the hub's own schedule.
 */
export function createMonitor(deps: {
  probes(): readonly Probe[];
  /** Runs one check, or waits for the one under way, and gives the standing after it. */
  check(probe: Probe): Promise<Standing>;
}) {
  return async function runOnce(caller: Caller, project?: string, signal?: AbortSignal): Promise<MonitorRun> {
    if (caller.kind !== 'cron') authorize(caller, 'actions:run', project);
    const visible = deps.probes().filter((probe) => caller.kind === 'cron' || sees(caller, probe.project));
    const chosen = [...Map.groupBy(visible, (probe) => probe.project)]
      .filter(([slug]) => project === undefined || slug === project)
      .map(([slug, all]) => {
        const instances = all.filter((probe) => probe.kind === 'instance');
        return { slug, probes: instances.length > 0 ? instances : all };
      });
    if (project !== undefined && chosen.length === 0 && visible.length === 0)
      throw new HubError('not_found', `No project "${project}" with a probe.`);
    const standings = new Map<string, Standing>();
    const queue = chosen.flatMap(({ probes }) => probes);
    const worker = async () => {
      for (let probe = queue.shift(); probe && !signal?.aborted; probe = queue.shift())
        standings.set(probe.id, await deps.check(probe));
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, queue.length) }, worker));
    const results = chosen.map(({ slug, probes }) => {
      const all = probes.flatMap((probe) => standings.get(probe.id) ?? []);
      const worst = (['down', 'degraded', 'unknown'] as const).find((status) =>
        all.some((one) => one.status === status),
      );
      const bad = all.find((one) => one.status === 'down');
      return {
        site: slug,
        status: bad ? ('error' as const) : ('ok' as const),
        health: bad?.reason ? `${HEALTH.down}: ${bad.reason}` : HEALTH[worst ?? 'up'],
      };
    });
    return { monitored: results.length, results };
  };
}
