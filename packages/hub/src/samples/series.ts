import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { canonicalTags, type IncomingSample, refuseSeries } from './accept.ts';
import { LIMITS, type Refusal } from './limits.ts';
import { DAY, type SamplesTables, type SeriesKind } from './tables.ts';

/** Where a sample goes, or why it goes nowhere. */
export type Target = { id: number } | { refusal: Refusal };

type Known = Map<string, number>;
type Wanted = { name: string; key: string; service: string; tags: string; kind: SeriesKind; unit: string | null };

const CACHE_ENTRIES = 200_000;
/** An id is read again after this long: another hub may have removed a series that nobody wrote to for a year. */
const CACHE_MS = 10 * 60_000;
const ACTIVE_MS = 7 * DAY;
/** Rows in one statement, under every engine's limit of parameters. */
const ROWS = 500;

const kindOf = (value: number | string): SeriesKind => (typeof value === 'number' ? 'number' : 'text');

/** Finds or creates series; ids that are committed are remembered, in a bounded cache. */
export function createSeriesIndex(deps: { clock: Clock }) {
  const cache = new Map<string, { until: number; known: Known }>();
  let entries = 0;
  /** Transactions that created series: what they see may yet be rolled back, so nothing they read is remembered. */
  const unsettled = new WeakSet<Db>();

  function remembered(project: string): Known {
    const now = deps.clock.monotonic();
    const found = cache.get(project);
    if (found && found.until > now) return found.known;
    if (found) entries -= found.known.size;
    const known: Known = new Map();
    cache.set(project, { until: now + CACHE_MS, known });
    return known;
  }

  function remember(project: string, known: Known, name: string, id: number): void {
    if (known.has(name)) return;
    if (entries >= CACHE_ENTRIES) {
      cache.clear();
      entries = 0;
      return;
    }
    if (cache.get(project)?.known !== known) return;
    known.set(name, id);
    entries++;
  }

  async function find(trx: Db, project: string, wanted: readonly Wanted[], found: Known): Promise<void> {
    const keys = [...new Set(wanted.map((series) => series.key))];
    for (let from = 0; from < keys.length; from += ROWS) {
      const rows = await trx
        .withTables<SamplesTables>()
        .selectFrom('series')
        .select(['id', 'key', 'service', 'tags', 'kind'])
        .where('project', '=', project)
        .where('key', 'in', keys.slice(from, from + ROWS))
        .execute();
      for (const row of rows) found.set(nameOf(row.key, row.service, row.tags, row.kind), row.id);
    }
  }

  async function create(trx: Db, project: string, missing: Wanted[], found: Known, now: number): Promise<void> {
    const tables = trx.withTables<SamplesTables>();
    const { active } = await tables
      .selectFrom('series')
      .select(({ fn }) => fn.countAll<number>().as('active'))
      .where('project', '=', project)
      .where('active_at', '>', now - ACTIVE_MS)
      .executeTakeFirstOrThrow();
    const room = missing.slice(0, Math.max(0, LIMITS.seriesPerProject - Number(active)));
    if (room.length === 0) return;
    unsettled.add(trx);
    for (let from = 0; from < room.length; from += ROWS)
      await tables
        .insertInto('series')
        .values(room.slice(from, from + ROWS).map(({ name: _, ...series }) => ({ ...series, project, active_at: now })))
        .onConflict((conflict) => conflict.columns(['project', 'key', 'service', 'tags', 'kind']).doNothing())
        .execute();
    await find(trx, project, room, found);
  }

  /** The series of each sample, in order; those that are new are created in `trx`, up to the project's limit. */
  async function resolve(
    trx: Db,
    project: string,
    samples: readonly IncomingSample[],
    receivedAt: number,
  ): Promise<Target[]> {
    const known = remembered(project);
    const targets: Target[] = new Array(samples.length);
    const open: { index: number; name: string }[] = [];
    const wanted = new Map<string, Wanted>();
    for (const [index, sample] of samples.entries()) {
      const tags = canonicalTags(sample.tags);
      if ('refusal' in tags) {
        targets[index] = tags;
        continue;
      }
      const kind = kindOf(sample.value);
      const service = sample.service ?? '';
      const name = nameOf(sample.key, service, tags.text, kind);
      const id = known.get(name);
      if (id !== undefined) {
        targets[index] = { id };
        continue;
      }
      if (!wanted.has(name)) {
        const refusal = refuseSeries(sample);
        if (refusal) {
          targets[index] = { refusal };
          continue;
        }
        wanted.set(name, { name, key: sample.key, service, tags: tags.text, kind, unit: sample.unit ?? null });
      }
      open.push({ index, name });
    }
    if (open.length === 0) return targets;
    const found: Known = new Map();
    const all = [...wanted.values()];
    await find(trx, project, all, found);
    const settled = !unsettled.has(trx);
    if (settled)
      for (const { name } of all) {
        const id = found.get(name);
        if (id !== undefined) remember(project, known, name, id);
      }
    const missing = all.filter(({ name }) => !found.has(name));
    if (missing.length > 0) await create(trx, project, missing, found, receivedAt);
    for (const { index, name } of open) {
      const id = found.get(name);
      targets[index] = id === undefined ? { refusal: 'series_limit' } : { id };
    }
    return targets;
  }

  return { resolve, forget: () => cache.clear() };
}

/** One text for the identity of a series inside its project. */
const nameOf = (key: string, service: string, tags: string, kind: SeriesKind): string =>
  `${kind === 'number' ? 'n' : 't'}\u0000${key}\u0000${service}\u0000${tags}`;
