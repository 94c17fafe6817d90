import type { Figure } from './probe.ts';

/** One statement for all figures. What needs more rights than the user has is null. */
export const FIGURES_SQL = `
SELECT
  (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')::float8 AS connections,
  current_setting('max_connections')::float8 AS max_connections,
  CASE WHEN has_database_privilege(current_database(), 'CONNECT') THEN pg_database_size(current_database()) END::float8 AS bytes,
  CASE
    WHEN NOT pg_is_in_recovery() THEN NULL
    WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
    ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())
  END::float8 AS replication_lag,
  (SELECT extract(epoch FROM max(clock_timestamp() - xact_start)) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid())::float8 AS oldest_transaction,
  (SELECT deadlocks FROM pg_stat_database WHERE datname = current_database())::float8 AS deadlocks`;

type Row = Readonly<Record<string, unknown>>;

/** Pure: the row of FIGURES_SQL as figures; what is null is left out. */
export function readFigures(row: Row): Figure[] {
  const figures: Figure[] = [];
  const tell = (key: string, value: unknown, unit: string) => {
    if (typeof value === 'number' && Number.isFinite(value)) figures.push({ key: `postgres.${key}`, value, unit });
  };
  const { connections, max_connections: limit } = row;
  tell('connections', connections, 'count');
  if (typeof connections === 'number' && typeof limit === 'number' && limit > 0)
    tell('connections_percent', Math.round((connections / limit) * 10_000) / 100, '%');
  tell('database_bytes', row.bytes, 'bytes');
  tell('replication_lag_seconds', row.replication_lag, 's');
  tell('oldest_transaction_seconds', row.oldest_transaction ?? 0, 's');
  tell('deadlocks', row.deadlocks, 'count');
  return figures;
}
