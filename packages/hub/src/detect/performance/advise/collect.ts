import type pg from 'pg';

export type Table = {
  schema: string;
  name: string;
  rows: number;
  pages: number;
  bytes: number;
  seqScans: number;
};
export type Index = {
  schema: string;
  table: string;
  name: string;
  method: string;
  /** Key columns and expressions, as the server writes them. */
  columns: string[];
  /** All that must be equal for two indexes to serve the same: method, classes, collations, order, predicate. */
  shape: string;
  predicate: string | null;
  unique: boolean;
  valid: boolean;
  /** Stands behind a constraint, or replication needs it. */
  bound: boolean;
  bytes: number;
  scans: number;
  definition: string;
};
export type Column = { schema: string; table: string; name: string; type: string; distinct: number | null };
export type Statement = { text: string; calls: number; totalMs: number; sharePercent: number };

const OWN = `n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'`;

/** The largest tables, with what the planner and the statistics say of them. */
const TABLES = `
SELECT n.nspname AS schema, c.relname AS name, c.relpages::float8 AS pages, pg_relation_size(c.oid)::float8 AS bytes,
  greatest(CASE WHEN c.reltuples < 0 THEN s.n_live_tup ELSE c.reltuples END, 0)::float8 AS rows,
  coalesce(s.seq_scan, 0)::float8 AS "seqScans"
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
WHERE c.relkind = 'r' AND ${OWN} ORDER BY c.relpages DESC LIMIT 1000`;

const INDEXES = `
SELECT n.nspname AS schema, t.relname AS table, x.relname AS name, a.amname AS method,
  ARRAY(SELECT pg_get_indexdef(i.indexrelid, k, true) FROM generate_series(1, i.indnkeyatts) k) AS columns,
  concat_ws('|', a.amname, i.indclass::text, i.indcollation::text, i.indoption::text, i.indnatts::text,
    ARRAY(SELECT pg_get_indexdef(i.indexrelid, k, true) FROM generate_series(1, i.indnatts) k)::text,
    pg_get_expr(i.indpred, i.indrelid)) AS shape,
  pg_get_expr(i.indpred, i.indrelid) AS predicate, i.indisunique AS unique, i.indisvalid AND i.indisready AS valid,
  i.indisprimary OR i.indisexclusion OR i.indisreplident
    OR EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)
    OR EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid) AS bound,
  pg_relation_size(i.indexrelid)::float8 AS bytes, coalesce(s.idx_scan, 0)::float8 AS scans,
  pg_get_indexdef(i.indexrelid) AS definition
FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
  JOIN pg_namespace n ON n.oid = t.relnamespace JOIN pg_am a ON a.oid = x.relam
  LEFT JOIN pg_stat_user_indexes s ON s.indexrelid = i.indexrelid
WHERE x.relkind = 'i' AND ${OWN} ORDER BY pg_relation_size(i.indexrelid) DESC LIMIT 5000`;

/** What the planner knows of columns: pg_stats shows those that the user may read. */
const COLUMNS = `
SELECT n.nspname AS schema, c.relname AS table, a.attname AS name, format_type(a.atttypid, NULL) AS type,
  CASE WHEN p.n_distinct < 0 THEN -p.n_distinct * greatest(c.reltuples, 0) ELSE p.n_distinct END::float8 AS distinct
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_stats p ON p.schemaname = n.nspname AND p.tablename = c.relname AND p.attname = a.attname AND NOT p.inherited
WHERE c.relkind = 'r' AND c.reltuples >= $1 AND ${OWN} LIMIT 20000`;

const SERVER = `
SELECT current_setting('server_version_num')::int AS version,
  extract(epoch FROM now() - coalesce(d.stats_reset, pg_postmaster_start_time()))::float8 AS "statsSeconds",
  (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'pg_stat_statements') AS statements,
  (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'hypopg') AS hypopg,
  pg_is_in_recovery() AS standby
FROM pg_stat_database d WHERE d.datname = current_database()`;

export type Server = {
  version: number;
  statsSeconds: number;
  statements: string | null;
  hypopg: string | null;
  standby: boolean;
};

/** Runs statements in a read-only transaction that ends without a trace, each of them limited in time and in waiting for locks. */
export async function readOnly<T>(client: pg.Client, timeoutMs: number, work: () => Promise<T>): Promise<T> {
  await client.query(
    `BEGIN READ ONLY; SET LOCAL statement_timeout = ${Math.ceil(timeoutMs)}; SET LOCAL lock_timeout = 1000`,
  );
  try {
    return await work();
  } finally {
    await client.query('ROLLBACK');
  }
}

export type Collected = { server: Server; tables: Table[]; indexes: Index[]; columns: Column[] };

/** What the server knows of itself; `minRows` is what makes a table large. */
export async function collect(client: pg.Client, minRows: number): Promise<Collected> {
  const [server] = (await client.query<Server>(SERVER)).rows;
  if (!server) throw new Error('the server tells nothing of its database');
  return {
    server,
    tables: (await client.query<Table>(TABLES)).rows,
    indexes: (await client.query<Index>(INDEXES)).rows,
    columns: (await client.query<Column>(COLUMNS, [minRows])).rows,
  };
}

/** The statements of this database that take the most time; `schema` is where the extension lives, quoted. */
export async function statementsOf(client: pg.Client, schema: string): Promise<Statement[]> {
  const { rows } = await client.query<Statement>(`
SELECT s.query AS text, s.calls::float8 AS calls, s.total_exec_time::float8 AS "totalMs",
  (100 * s.total_exec_time / nullif(sum(s.total_exec_time) OVER (), 0))::float8 AS "sharePercent"
FROM ${schema}.pg_stat_statements s
WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY s.total_exec_time DESC LIMIT 100`);
  return rows;
}
