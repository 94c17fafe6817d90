import type { Db } from '../platform/db.ts';
import { decodePoints } from './block.ts';
import type { Point } from './bucket.ts';
import { toInfo } from './find.ts';
import { BLOCK, floorTo, HOUR, type SamplesTables } from './tables.ts';

export type PastNumber = { project: string; key: string; service?: string; value: number; at: number };

const IDS = 500;
/** Hours whose packed samples stay unpacked for a while: who replays an hour asks for it again and again. */
const KEPT_HOURS = 4;
const KEPT_MS = 60_000;

type Hour = { readAt: number; series: Map<number, readonly Point[]> };

/** Reads what numbers stood at a moment of the past. */
export function createPast({ db, now }: { db: Db; now(): number }) {
  const tables = db.withTables<SamplesTables>();
  const hours = new Map<number, Hour>();

  function hourAt(start: number): Hour {
    const known = hours.get(start);
    if (known && now() - known.readAt < KEPT_MS) return known;
    hours.delete(start);
    const fresh: Hour = { readAt: now(), series: new Map() };
    hours.set(start, fresh);
    const oldest = hours.keys().next().value;
    if (hours.size > KEPT_HOURS && oldest !== undefined) hours.delete(oldest);
    return fresh;
  }

  /** The samples of each series in the newest packed hour that begins at or before `start`; of those that have none an empty list. */
  async function packedUpTo(ids: readonly number[], start: number): Promise<Map<number, readonly Point[]>> {
    const { series } = hourAt(start);
    const missing = ids.filter((id) => !series.has(id));
    for (let from = 0; from < missing.length; from += IDS) {
      const some = missing.slice(from, from + IDS);
      for (const id of some) series.set(id, []);
      const blocks = await tables
        .selectFrom('series as s')
        .innerJoin('blocks as b', (join) =>
          join
            .onRef('b.series_id', '=', 's.id')
            .on('b.kind', 'in', [BLOCK.raw, BLOCK.sparse])
            .on('b.start', '=', ({ selectFrom }) =>
              selectFrom('blocks as m')
                .select(({ fn }) => fn.max('m.start').as('start'))
                .whereRef('m.series_id', '=', 's.id')
                .where('m.kind', 'in', [BLOCK.raw, BLOCK.sparse])
                .where('m.start', '<=', start),
            ),
        )
        .select(['s.id', 'b.start', 'b.data'])
        .where('s.id', 'in', some)
        .execute();
      for (const { id, start: begins, data } of blocks) series.set(id, decodePoints(begins, data));
    }
    return series;
  }

  /** The newest number that each series of these projects and keys had at a moment (epoch ms); one that had none, or whose samples are not kept, is left out. */
  return async function latestAt(
    projects: readonly string[],
    keys: readonly string[],
    at: number,
  ): Promise<PastNumber[]> {
    if (projects.length === 0 || keys.length === 0) return [];
    const rows = await tables
      .selectFrom('series as s')
      .leftJoin('samples as n', (join) =>
        join.onRef('n.series_id', '=', 's.id').on('n.at', '=', ({ selectFrom }) =>
          selectFrom('samples as m')
            .select(({ fn }) => fn.max('m.at').as('at'))
            .whereRef('m.series_id', '=', 's.id')
            .where('m.at', '<=', at),
        ),
      )
      .select(['s.id', 's.project', 's.key', 's.service', 's.tags', 's.unit', 's.kind', 's.last_at', 's.last_value'])
      .select(['n.at as at', 'n.value as value'])
      .where('s.project', 'in', projects)
      .where('s.key', 'in', keys)
      .where('s.kind', '=', 'number')
      .execute();
    const found = new Map<number, Point>();
    const packed: number[] = [];
    for (const row of rows) {
      if (row.at !== null && row.value !== null) found.set(row.id, { at: row.at, value: row.value });
      if (row.last_at === null || row.last_value === null) continue;
      // The newest packed point is told of without unpacking; an older one only where nothing newer came before the moment.
      if (row.last_at <= at) {
        if (row.last_at > (row.at ?? 0)) found.set(row.id, { at: row.last_at, value: row.last_value });
      } else if (row.at === null) packed.push(row.id);
    }
    const hour = floorTo(at, HOUR);
    for (const start of [hour, hour - HOUR]) {
      const missing = packed.filter((id) => !found.has(id));
      if (missing.length === 0) break;
      const points = await packedUpTo(missing, start);
      for (const id of missing) {
        const point = points.get(id)?.findLast((each) => each.at <= at);
        if (point) found.set(id, point);
      }
    }
    return rows.flatMap((row) => {
      const point = found.get(row.id);
      const { project, key, service } = toInfo(row);
      return point ? [{ project, key, ...(service === undefined ? {} : { service }), ...point }] : [];
    });
  };
}
