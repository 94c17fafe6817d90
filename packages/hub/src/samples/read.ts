import type { Db } from '../platform/db.ts';
import { decodeBuckets, decodePoints } from './block.ts';
import { type Bucket, needsSketch, type Point, type Stat, toBuckets } from './bucket.ts';
import { mergePoints } from './seal.ts';
import { BLOCK, type BlockKind, floorTo, HOUR, HOURS_SPAN, MINUTE, type SamplesTables } from './tables.ts';

export type Resolution = 'raw' | 'minute' | 'hour';
export type Range = { from: number; to: number };
/** What a range holds of one series: points as they were measured, buckets where only those are read. They never cover the same moment. */
export type Content = { points: Point[]; buckets: Bucket[] };

type Packed = { series_id: number; kind: BlockKind | 'hours'; start: number; data: Uint8Array };
/** Ids in one statement, under every engine's limit of parameters. */
const IDS = 500;

/**
 * Reads series over [from, to] (epoch ms, both inclusive) at a resolution or, where that is not kept any more, at the next coarser one:
 * `rawFrom` is the time before which this may be so.
 * Rows that arrived after their hour was packed are merged into it, so that no point counts twice.
 */
export async function readSeries(
  db: Db,
  ids: readonly number[],
  range: Range,
  options: { resolution: Resolution; stat: Stat; rawFrom: number },
): Promise<Map<number, Content>> {
  const contents = new Map<number, Content>(ids.map((id) => [id, { points: [], buckets: [] }]));
  for (let i = 0; i < ids.length; i += IDS) {
    const some = ids.slice(i, i + IDS);
    const hot = groupById(await readRows(db, some, range));
    const blocks = groupById(await readBlocks(db, some, range, options));
    for (const id of some) {
      const content = await assemble(db, id, hot.get(id) ?? [], blocks.get(id) ?? [], range, options.stat);
      contents.set(id, content);
    }
  }
  return contents;
}

const readRows = (db: Db, ids: readonly number[], { from, to }: Range) =>
  db
    .withTables<SamplesTables>()
    .selectFrom('samples')
    .select(['series_id', 'at', 'value'])
    .where('series_id', 'in', ids)
    .where('at', '>=', from)
    .where('at', '<=', to)
    .orderBy('series_id')
    .orderBy('at')
    .execute();

const KINDS: Record<Resolution, readonly BlockKind[]> = {
  raw: [BLOCK.raw, BLOCK.sparse],
  minute: [BLOCK.minute, BLOCK.sparse],
  hour: [],
};

/** The blocks of a resolution and, of what is older than raw samples are kept, those of coarser ones too: `assemble` takes the finest of each hour. */
async function readBlocks(
  db: Db,
  ids: readonly number[],
  { from, to }: Range,
  options: { resolution: Resolution; rawFrom: number },
): Promise<Packed[]> {
  const { resolution, rawFrom } = options;
  const tables = db.withTables<SamplesTables>();
  const read = async (kinds: readonly BlockKind[], last: number): Promise<Packed[]> =>
    kinds.length === 0
      ? []
      : tables
          .selectFrom('blocks')
          .select(['series_id', 'kind', 'start', 'data'])
          .where('series_id', 'in', ids)
          .where('kind', 'in', kinds)
          .where('start', '>', from - HOUR)
          .where('start', '<=', last)
          .execute();
  const readHours = async (last: number): Promise<Packed[]> => {
    const rows = await tables
      .selectFrom('hours')
      .select(['series_id', 'start', 'data'])
      .where('series_id', 'in', ids)
      .where('start', '>', from - HOURS_SPAN)
      .where('start', '<=', last)
      .execute();
    return rows.map((row) => ({ ...row, kind: 'hours' }));
  };
  if (resolution === 'hour') return readHours(to);
  const rows = await read(KINDS[resolution], to);
  if (from >= rawFrom) return rows;
  const last = Math.min(to, rawFrom);
  return [...rows, ...(resolution === 'raw' ? await read([BLOCK.minute], last) : []), ...(await readHours(last))];
}

async function assemble(
  db: Db,
  id: number,
  hot: readonly Point[],
  blocks: readonly Packed[],
  { from, to }: Range,
  stat: Stat,
): Promise<Content> {
  // By hour: points where they are read, else the buckets that stand for them. Finer blocks first: what they cover is not read again.
  const points = new Map<number, Point[]>();
  const packed = new Map<number, { size: number; buckets: Bucket[] }>();
  const covered = (hour: number) => points.has(hour) || packed.has(hour);
  for (const { kind, start, data } of [...blocks].sort((a, b) => fineness(a.kind) - fineness(b.kind))) {
    if (kind === BLOCK.raw || kind === BLOCK.sparse) points.set(start, decodePoints(start, data));
    else if (kind === BLOCK.minute) {
      if (!covered(start)) packed.set(start, { size: MINUTE, buckets: decodeBuckets(start, MINUTE, data, stat) });
    } else
      for (const hour of decodeBuckets(start, HOUR, data, stat))
        if (!covered(hour.start)) packed.set(hour.start, { size: HOUR, buckets: [hour] });
  }
  const open: Point[] = [];
  const late = new Map<number, Point[]>();
  for (const point of hot) {
    const hour = floorTo(point.at, HOUR);
    if (!covered(hour)) open.push(point);
    else late.set(hour, [...(late.get(hour) ?? []), point]);
  }
  for (const [hour, fresh] of late) {
    const known = packed.get(hour);
    const merged = mergePoints(points.get(hour) ?? (await readPackedHour(db, id, hour)), fresh);
    if (known) known.buckets = toBuckets(merged, known.size, needsSketch(stat));
    else points.set(hour, merged);
  }
  return {
    points: [...points.values(), open]
      .flat()
      .filter(({ at }) => at >= from && at <= to)
      .sort((a, b) => a.at - b.at),
    buckets: [...packed.values()]
      .flatMap(({ buckets }) => buckets)
      .filter(({ start }) => start >= from && start <= to)
      .sort((a, b) => a.start - b.start),
  };
}

const fineness = (kind: Packed['kind']): number => (kind === 'hours' ? 2 : kind === BLOCK.minute ? 1 : 0);

async function readPackedHour(db: Db, id: number, start: number): Promise<Point[]> {
  const row = await db
    .withTables<SamplesTables>()
    .selectFrom('blocks')
    .select('data')
    .where('series_id', '=', id)
    .where('kind', 'in', [BLOCK.raw, BLOCK.sparse])
    .where('start', '=', start)
    .executeTakeFirst();
  return row ? decodePoints(start, row.data) : [];
}

function groupById<T extends { series_id: number }>(rows: readonly T[]): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const row of rows) {
    const group = groups.get(row.series_id);
    if (group) group.push(row);
    else groups.set(row.series_id, [row]);
  }
  return groups;
}
