import { type PostgresRemedy, parseDuration } from '@orrery/protocol';
import type { z } from 'zod';

/** A session that may be ended. Times are as the server writes them: with the process number they are its identity. */
export type Backend = {
  pid: number;
  started: string;
  transaction: string;
  name: string;
  database: string;
  state: string;
  why: 'blocking' | 'idle';
  seconds: number;
  query: string;
};

/**
 * Sessions in scope, and why each may be ended. Never: ours, those of any hub, superusers, replication and background processes, and who
 * waits itself, since then somebody else is the cause. `waitstart` exists from PostgreSQL 14; before it the age of the waiting statement counts.
 */
const SCOPE = `
WITH waiting AS MATERIALIZED (
  SELECT unnest(pg_blocking_pids(w.pid)) AS blocker,
    extract(epoch FROM clock_timestamp() - min(coalesce((to_jsonb(l) ->> 'waitstart')::timestamptz, w.query_start))) AS seconds
  FROM pg_stat_activity w JOIN pg_locks l ON l.pid = w.pid AND NOT l.granted
  WHERE w.wait_event_type = 'Lock'
  GROUP BY w.pid
), sessions AS MATERIALIZED (
  SELECT a.pid, a.backend_start::text AS started, a.xact_start::text AS transaction, a.usename AS name, a.datname AS database,
    a.state, coalesce(a.query, '') AS query,
    CASE WHEN a.state LIKE 'idle in transaction%' THEN extract(epoch FROM clock_timestamp() - a.state_change) END AS idle,
    (SELECT max(w.seconds) FROM waiting w WHERE w.blocker = a.pid) AS blocking
  FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid
  WHERE a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
    AND NOT r.rolsuper AND NOT r.rolreplication
    AND a.application_name <> 'orrery' AND a.application_name NOT LIKE 'orrery-%'
    AND ($3::text[] IS NULL OR a.datname = ANY ($3))
    AND ($4::text[] IS NULL OR a.usename = ANY ($4))
    AND ($5::text[] IS NULL OR a.application_name = ANY ($5))
    AND cardinality(pg_blocking_pids(a.pid)) = 0
), found AS MATERIALIZED (
  SELECT pid, started, transaction, name, database, state, query,
    CASE WHEN blocking >= $2 THEN 'blocking' ELSE 'idle' END AS why,
    CASE WHEN blocking >= $2 THEN blocking ELSE idle END AS seconds
  FROM sessions WHERE blocking >= $2 OR idle >= $1
)`;

/** $1 idle s, $2 blocking s, $3 databases, $4 users, $5 applications. A user without rights is shown no states. */
export const FIND_SQL = `${SCOPE}
SELECT f.*, (SELECT count(*)::int FROM pg_stat_activity h
  WHERE h.datid IS NOT NULL AND h.pid <> pg_backend_pid() AND h.query = '<insufficient privilege>') AS hidden
FROM (SELECT 1) one LEFT JOIN found f ON true ORDER BY f.why, f.seconds DESC`;

const again = (verb: string) => `${SCOPE} SELECT ${verb}(pid) AS did FROM found WHERE pid = $6 AND started = $7`;
export const CANCEL_SQL = again('pg_cancel_backend');
export const TERMINATE_SQL = again('pg_terminate_backend');

/** Whether a session no longer holds the transaction that it was found with: an aborted one has let go of its locks. */
export const ENDED_SQL = `
SELECT NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND backend_start::text = $2 AND xact_start::text = $3
  AND state <> 'idle in transaction (aborted)') AS over`;

const seconds = (text: string | undefined): number | null =>
  text === undefined ? null : (parseDuration(text) ?? 0) / 1000;

export const limitsOf = (declared: z.output<typeof PostgresRemedy>): unknown[] => [
  seconds(declared.idleInTransactionFor),
  seconds(declared.blockingFor),
  declared.databases ?? null,
  declared.users ?? null,
  declared.applications ?? null,
];

/** The sessions of an answer; the one row that says how much is hidden holds none. */
export const candidatesOf = (rows: readonly Backend[]): Backend[] =>
  rows.filter(({ pid }) => pid !== null).map((row) => ({ ...row, seconds: Number(row.seconds) }));
