import type { ServiceStatus } from '@orrery/protocol';
import type { Db } from '../platform/db.ts';
import { createBulk } from './bulk.ts';
import { type Standing, UNKNOWN } from './judge.ts';
import type { LogPosition } from './probes/probe.ts';
import type { CheckRow, IntakeTables, StateRow } from './tables.ts';
import type { Hours } from './uptime.ts';

/** Everything that is remembered of one probe. */
export type Kept = {
  standing: Standing;
  hours: Hours;
  logs: LogPosition;
  /** When the newest check began, by the clock that several hubs share; null where there is but one. */
  ranAt: number | null;
};

export const NOTHING_KEPT: Kept = {
  standing: UNKNOWN,
  hours: [],
  logs: { cursor: null, since: null, note: null },
  ranAt: null,
};

const NUMBER: Record<ServiceStatus, number> = { up: 0, degraded: 1, down: 2, unknown: 3 };
const NAMES = ['up', 'degraded', 'down', 'unknown'] as const;
export const checkNumber = (status: ServiceStatus): number => NUMBER[status];
export const checkName = (number: number): ServiceStatus => NAMES[number] ?? 'unknown';

function toKept(row: StateRow): Kept {
  return {
    standing: {
      status: row.status,
      since: row.since,
      lastCheckAt: row.last_check_at,
      latencyMs: row.latency_ms,
      reason: row.reason,
      failures: row.failures,
      streak: row.streak,
      pending: row.pending,
      checks: row.checks === null ? null : JSON.parse(row.checks),
      flips: JSON.parse(row.flips),
    },
    hours: JSON.parse(row.hours),
    logs: { cursor: row.log_cursor, since: row.log_since, note: row.log_note },
    ranAt: row.ran_at,
  };
}

const STATE: readonly (keyof StateRow)[] = [
  'id',
  'status',
  'since',
  'last_check_at',
  'latency_ms',
  'reason',
  'failures',
  'streak',
  'pending',
  'checks',
  'hours',
  'log_cursor',
  'log_since',
  'log_note',
  'flips',
  'ran_at',
];
const EMPTY_STATE: StateRow = {
  id: '',
  status: 'unknown',
  since: null,
  last_check_at: null,
  latency_ms: null,
  reason: null,
  failures: 0,
  streak: 0,
  pending: null,
  checks: null,
  hours: '[]',
  log_cursor: null,
  log_since: null,
  log_note: null,
  flips: '[]',
  ran_at: null,
};
const EMPTY_CHECK: CheckRow = { probe: 0, at: 0, status: 0, latency_ms: null, reason: null };

/** Values are bound anew each time: kysely compiles `null` into the text, so every column is given a value to compile with. */
const compilable = <R extends object>(row: R): R =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value ?? 0])) as R;

/** Writes states, one row a probe. */
export const createStateWriter = () =>
  createBulk<{ id: string; kept: Kept }>(
    (db, rows) =>
      db
        .withTables<IntakeTables>()
        .insertInto('probes_state')
        .values(Array.from({ length: rows }, () => compilable(EMPTY_STATE)))
        .onConflict((conflict) =>
          conflict
            .column('id')
            .doUpdateSet(({ ref }) =>
              Object.fromEntries(STATE.slice(1).map((column) => [column, ref(`excluded.${column}`)])),
            ),
        )
        .compile().sql,
    ({ id, kept: { standing, hours, logs, ranAt } }) => [
      id,
      standing.status,
      standing.since,
      standing.lastCheckAt,
      standing.latencyMs,
      standing.reason,
      standing.failures,
      standing.streak,
      standing.pending,
      standing.checks === null ? null : JSON.stringify(standing.checks),
      JSON.stringify(hours),
      logs.cursor,
      logs.since,
      logs.note,
      standing.flips.length === 0 ? '[]' : JSON.stringify(standing.flips),
      ranAt === null ? null : Math.round(ranAt),
    ],
  );

/** Writes checks; one that is there already (the same probe in the same millisecond) stays. */
export const createCheckWriter = () =>
  createBulk<CheckRow>(
    (db, rows) =>
      db
        .withTables<IntakeTables>()
        .insertInto('checks')
        .values(Array.from({ length: rows }, () => compilable(EMPTY_CHECK)))
        .onConflict((conflict) => conflict.columns(['probe', 'at']).doNothing())
        .compile().sql,
    (row) => [row.probe, row.at, row.status, row.latency_ms, row.reason],
  );

const IDS_PER_QUERY = 500;

/** What is remembered of all probes, or of some, by probe id. */
export async function loadKept(db: Db, ids?: readonly string[]): Promise<Map<string, Kept>> {
  const all = db.withTables<IntakeTables>().selectFrom('probes_state').selectAll();
  const rows: StateRow[] = [];
  if (ids === undefined) rows.push(...(await all.execute()));
  for (let from = 0; from < (ids?.length ?? 0); from += IDS_PER_QUERY)
    rows.push(...(await all.where('id', 'in', ids?.slice(from, from + IDS_PER_QUERY) ?? []).execute()));
  return new Map(rows.map((row) => [row.id, toKept(row)]));
}

/** Forgets probes that are no longer declared; their checks go with the next expiry. */
export async function dropStates(db: Db, ids: readonly string[]): Promise<void> {
  const tables = db.withTables<IntakeTables>();
  for (let from = 0; from < ids.length; from += 500) {
    const some = ids.slice(from, from + 500);
    await tables.deleteFrom('probes_state').where('id', 'in', some).execute();
    await tables.deleteFrom('heartbeats').where('id', 'in', some).execute();
    await tables.deleteFrom('probe_votes').where('probe', 'in', some).execute();
  }
}
