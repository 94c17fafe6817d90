import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { LatencySketch } from '@orrery/protocol';
import { type Db, inTransaction } from '../../platform/db.ts';
import { fingerprintOf } from '../finding.ts';
import { BASELINE_MS } from './baseline.ts';
import { addLatency, noLatency, quantileOf, toSketch } from './latency.ts';
import { emptyMeasured, type Measured, merge } from './merge.ts';
import { read, type StoredWindow } from './store.ts';
import type { PerformanceTables, SubjectKind } from './tables.ts';

export const HOUR = 3_600_000;
/** What comes later than this after its hour finds its sketch gone: its counts are added, its quantiles stay. */
const OPEN_MS = 3 * HOUR;
/** Windows that are folded in one transaction, and so without a pause. */
const AT_ONCE = 10;
/** A product whose templates hold ids must not fill the disk: further names wait until old ones are forgotten. */
const MAX_SUBJECTS = 500;
const CHUNK = 200;

/** Adds the windows that came since the last turn to their hours; returns how many. */
export async function fold(db: Db, signal: AbortSignal | undefined): Promise<number> {
  let folded = 0;
  for (;;) {
    signal?.throwIfAborted();
    await yieldToOthers();
    const some = await inTransaction(db, foldSome);
    folded += some;
    if (some < AT_ONCE) return folded;
  }
}

async function foldSome(trx: Db): Promise<number> {
  const tables = trx.withTables<PerformanceTables>();
  const rows = await tables
    .selectFrom('performance_windows')
    .select(['project', 'id', 'at', 'body'])
    .where('folded', '=', 0)
    .orderBy('at')
    .limit(AT_ONCE)
    .execute();
  const groups = Map.groupBy(rows.map(read), ({ project, at }) => `${project} ${Math.floor(at / HOUR) * HOUR}`);
  for (const group of groups.values()) await foldHour(trx, group);
  for (const [project, some] of Map.groupBy(rows, (row) => row.project))
    await tables
      .updateTable('performance_windows')
      .set({ folded: 1 })
      .where('project', '=', project)
      .where(
        'id',
        'in',
        some.map(({ id }) => id),
      )
      .execute();
  return rows.length;
}

/** Windows of one project that ended within one hour. */
async function foldHour(trx: Db, windows: readonly StoredWindow[]): Promise<void> {
  const [first] = windows;
  if (!first) return;
  const { project } = first;
  const hour = Math.floor(first.at / HOUR) * HOUR;
  const merged = merge(windows.map(({ window }) => window));
  await addTo(trx, { project, kind: 'route', hour, at: first.at }, merged.routes);
  await addTo(trx, { project, kind: 'statement', hour, at: first.at }, merged.statements);
}

type Place = { project: string; kind: SubjectKind; hour: number; at: number };

async function addTo(trx: Db, place: Place, measured: ReadonlyMap<string, Measured>): Promise<void> {
  const tables = trx.withTables<PerformanceTables>();
  const { project, kind, hour } = place;
  const subjects = await admit(trx, place, [...measured.keys()]);
  if (subjects.size === 0) return;
  const known = new Map(
    (
      await tables
        .selectFrom('performance_hours')
        .selectAll()
        .where('project', '=', project)
        .where('kind', '=', kind)
        .where('hour', '=', hour)
        .where('subject', 'in', [...subjects.values()])
        .execute()
    ).map((row) => [row.subject, row]),
  );
  const rows = [...subjects].map(([name, subject]) => {
    const { count, failed, totalMs, latency } = measured.get(name) ?? emptyMeasured(name);
    const row = known.get(subject);
    const open = !row || row.sketch !== null;
    const all = noLatency();
    addLatency(all, toSketch(latency));
    if (row?.sketch) addLatency(all, LatencySketch.parse(JSON.parse(row.sketch)));
    return {
      ...{ project, kind, subject, hour },
      count: count + (row?.count ?? 0),
      failed: failed + (row?.failed ?? 0),
      total_ms: totalMs + (row?.total_ms ?? 0),
      p50_ms: open ? quantileOf(all, 0.5) : row.p50_ms,
      p95_ms: open ? quantileOf(all, 0.95) : row.p95_ms,
      sketch: open ? JSON.stringify(toSketch(all)) : null,
    };
  });
  for (let from = 0; from < rows.length; from += CHUNK)
    await tables
      .insertInto('performance_hours')
      .values(rows.slice(from, from + CHUNK))
      .onConflict((oc) =>
        oc.columns(['project', 'kind', 'subject', 'hour']).doUpdateSet(({ ref }) => ({
          count: ref('excluded.count'),
          failed: ref('excluded.failed'),
          total_ms: ref('excluded.total_ms'),
          p50_ms: ref('excluded.p50_ms'),
          p95_ms: ref('excluded.p95_ms'),
          sketch: ref('excluded.sketch'),
        })),
      )
      .execute();
}

export const subjectOf = (kind: SubjectKind, name: string): string => fingerprintOf('performance', kind, name);

/** The names that are kept, with their digests: all that are known, and new ones while there is room. */
async function admit(trx: Db, { project, kind, at }: Place, names: readonly string[]): Promise<Map<string, string>> {
  const tables = trx.withTables<PerformanceTables>();
  const known = new Set(
    (
      await tables
        .selectFrom('performance_subjects')
        .select('subject')
        .where('project', '=', project)
        .where('kind', '=', kind)
        .execute()
    ).map(({ subject }) => subject),
  );
  const admitted = new Map<string, string>();
  for (const name of names) {
    const subject = subjectOf(kind, name);
    if (!known.has(subject) && known.size >= MAX_SUBJECTS) continue;
    known.add(subject);
    admitted.set(name, subject);
  }
  if (admitted.size > 0)
    await tables
      .insertInto('performance_subjects')
      .values([...admitted].map(([name, subject]) => ({ project, kind, subject, name, last_at: at })))
      .onConflict((oc) =>
        oc.columns(['project', 'kind', 'subject']).doUpdateSet(({ ref }) => ({ last_at: ref('excluded.last_at') })),
      )
      .execute();
  return admitted;
}

/** Forgets windows older than `keepMs`, sketches of hours that are over, and what no baseline looks at any more. */
export async function forget(db: Db, now: number, keepMs: number): Promise<void> {
  const tables = db.withTables<PerformanceTables>();
  await tables
    .deleteFrom('performance_windows')
    .where('at', '<', now - keepMs)
    .where('folded', '=', 1)
    .execute();
  await tables
    .updateTable('performance_hours')
    .set({ sketch: null })
    .where('hour', '<', now - OPEN_MS)
    .where('sketch', 'is not', null)
    .execute();
  await tables
    .deleteFrom('performance_hours')
    .where('hour', '<', now - BASELINE_MS - HOUR)
    .execute();
  await tables
    .deleteFrom('performance_subjects')
    .where('last_at', '<', now - BASELINE_MS - HOUR)
    .execute();
}
