import { sql } from 'kysely';
import type { Db } from '../platform/db.ts';
import type { SamplesTables, SeriesKind } from './tables.ts';

/** A series as it is known without its samples. */
export type SeriesInfo = {
  id: number;
  project: string;
  key: string;
  service?: string;
  tags?: Record<string, string>;
  unit?: string;
  kind: SeriesKind;
};

/** The newest value of a series. Times are epoch ms; `receivedAt` is the hub's own clock when the value came in. */
export type Latest = SeriesInfo & { value: number | string; at: number; receivedAt: number };

export type LatestNumber = Latest & { value: number };

type InfoRow = {
  id: number;
  project: string;
  key: string;
  service: string;
  tags: string;
  unit: string | null;
  kind: SeriesKind;
};

/** Series mostly share few sets of tags: each is read once. */
const KEPT_TAGS = 2000;
const tagSets = new Map<string, Readonly<Record<string, string>>>();

function readTags(text: string): Readonly<Record<string, string>> {
  const known = tagSets.get(text);
  if (known) return known;
  const tags: Readonly<Record<string, string>> = Object.freeze(JSON.parse(text));
  if (tagSets.size >= KEPT_TAGS) tagSets.clear();
  tagSets.set(text, tags);
  return tags;
}

export function toInfo(row: InfoRow): SeriesInfo {
  return {
    id: row.id,
    project: row.project,
    key: row.key,
    kind: row.kind,
    ...(row.service === '' ? {} : { service: row.service }),
    ...(row.tags === '{}' ? {} : { tags: readTags(row.tags) }),
    ...(row.unit === null ? {} : { unit: row.unit }),
  };
}

export type SeriesFilter = {
  /** All projects when absent. */
  projects?: readonly string[];
  /** Exact keys; one that ends with `*` stands for all that begin so. All when absent. */
  keys?: readonly string[];
  service?: string;
  kind?: SeriesKind;
  /** Series that carry this tag. */
  tag?: readonly [name: string, value: string];
  /** Only those that were written to since (epoch ms). */
  activeSince?: number;
};

/** The next text after all that begin with `prefix`, in the byte order of both engines' keys (keys are ASCII). */
const after = (prefix: string) => `${prefix}\u007f`;

function select(db: Db, filter: SeriesFilter) {
  let query = db.withTables<SamplesTables>().selectFrom('series as s');
  const { projects, keys, service, kind, tag, activeSince } = filter;
  if (projects) query = query.where('s.project', 'in', projects);
  if (service !== undefined) query = query.where('s.service', '=', service);
  if (activeSince !== undefined) query = query.where('s.active_at', '>=', activeSince);
  if (kind !== undefined) query = query.where('s.kind', '=', kind);
  if (tag) query = query.where(sql<boolean>`s.tags LIKE ${likeTag(...tag)} ESCAPE '!'`);
  if (keys) {
    const exact = keys.filter((key) => !key.endsWith('*'));
    const prefixes = keys.filter((key) => key.endsWith('*')).map((key) => key.slice(0, -1));
    if (!prefixes.includes(''))
      query = query.where(({ eb, or, and }) =>
        or([
          ...(exact.length > 0 ? [eb('s.key', 'in', exact)] : []),
          ...prefixes.map((prefix) => and([eb('s.key', '>=', prefix), eb('s.key', '<', after(prefix))])),
        ]),
      );
  }
  return query;
}

/** Tags are stored as JSON without spaces. */
const likeTag = (name: string, value: string): string =>
  `%${`${JSON.stringify(name)}:${JSON.stringify(value)}`.replace(/[!%_]/g, '!$&')}%`;

const isEmpty = (filter: SeriesFilter) => filter.projects?.length === 0 || filter.keys?.length === 0;

/** Series that match, in order of key, service and tags; at most `limit`. */
export async function findSeries(db: Db, filter: SeriesFilter, limit: number): Promise<SeriesInfo[]> {
  if (isEmpty(filter)) return [];
  const rows = await select(db, filter)
    .select(['s.id', 's.project', 's.key', 's.service', 's.tags', 's.unit', 's.kind'])
    .orderBy('s.key')
    .orderBy('s.service')
    .orderBy('s.tags')
    .orderBy('s.project')
    .limit(limit)
    .execute();
  return rows.map(toInfo);
}

/** The newest value of each series that matches, in one query; a series without any is left out. */
export async function findLatest(db: Db, filter: SeriesFilter): Promise<Latest[]> {
  if (isEmpty(filter)) return [];
  const rows = await select(db, filter)
    .leftJoin('samples as n', (join) =>
      join.onRef('n.series_id', '=', 's.id').on('n.at', '=', ({ selectFrom }) =>
        selectFrom('samples as m')
          .select(({ fn }) => fn.max('m.at').as('at'))
          .whereRef('m.series_id', '=', 's.id'),
      ),
    )
    .leftJoin('texts as t', (join) =>
      join.onRef('t.series_id', '=', 's.id').on('t.at', '=', ({ selectFrom }) =>
        selectFrom('texts as m')
          .select(({ fn }) => fn.max('m.at').as('at'))
          .whereRef('m.series_id', '=', 's.id'),
      ),
    )
    .select(['s.id', 's.project', 's.key', 's.service', 's.tags', 's.unit', 's.kind', 's.last_at', 's.last_value'])
    .select(['n.at as at', 'n.value as value', 'n.received_at as received_at'])
    .select(['t.until as text_at', 't.value as text'])
    .orderBy('s.key')
    .orderBy('s.service')
    .orderBy('s.tags')
    .execute();
  return rows.flatMap((row): Latest[] => {
    const info = toInfo(row);
    if (row.text !== null && row.text_at !== null)
      return [{ ...info, value: row.text, at: row.text_at, receivedAt: row.text_at }];
    // A late sample may be older than what was packed already.
    const sealedIsNewer = row.last_at !== null && (row.at === null || row.last_at > row.at);
    if (sealedIsNewer && row.last_at !== null && row.last_value !== null)
      return [{ ...info, value: row.last_value, at: row.last_at, receivedAt: row.received_at ?? row.last_at }];
    if (row.at === null || row.value === null) return [];
    return [{ ...info, value: row.value, at: row.at, receivedAt: row.received_at ?? row.at }];
  });
}
