import type { Clock } from '../platform/clock.ts';
import type { LatestNumber, Samples } from '../samples/index.ts';
import { SPIKES } from './detectors/spike.ts';
import type { SpikeFact } from './facts.ts';

/** How far back what was usual is looked for. */
const BACK_MS = 24 * 60 * 60_000;
/** A figure older than this says nothing of now. */
const STALE_MS = 2 * 60 * 60_000;

/** What security summaries reported last, beside the least of the day before: a series is looked back on when it has a new value only. */
export function createSpikes(samples: Pick<Samples, 'latest' | 'windowOf'>, clock: Clock) {
  const known = new Map<number, { at: number; usual: number | undefined }>();

  async function look(projects: readonly { slug: string }[]): Promise<Map<string, SpikeFact[]>> {
    const facts = new Map<string, SpikeFact[]>();
    if (projects.length === 0) return facts;
    const now = clock.now();
    const latest = (await samples.latest(
      projects.map(({ slug }) => slug),
      Object.keys(SPIKES),
    )) as LatestNumber[];
    const living = latest.filter(({ receivedAt }) => now - receivedAt <= STALE_MS);
    const fresh = living.filter(({ id, at }) => known.get(id)?.at !== at);
    if (fresh.length > 0) {
      const to = Math.max(...fresh.map(({ at }) => at));
      const from = Math.min(...fresh.map(({ at }) => at)) - BACK_MS;
      const points = await samples.windowOf(
        fresh.map(({ id }) => id),
        from,
        to,
      );
      for (const { id, at } of fresh) {
        const before = (points.get(id) ?? []).filter((point) => point.at < at && point.at >= at - BACK_MS);
        known.set(id, { at, usual: before.length === 0 ? undefined : Math.min(...before.map(({ value }) => value)) });
      }
    }
    const alive = new Set(living.map(({ id }) => id));
    for (const id of known.keys()) if (!alive.has(id)) known.delete(id);
    for (const { id, project, key, service, value, at, receivedAt } of living) {
      const usual = known.get(id)?.usual;
      if (usual === undefined) continue;
      const fact: SpikeFact = { key, ...(service === undefined ? {} : { service }), value, usual, at, receivedAt };
      facts.set(project, [...(facts.get(project) ?? []), fact]);
    }
    return facts;
  }
  return { look };
}
