import type { ClientBase, Pool } from 'pg';
import type { Instance } from './instance.ts';
import { countRows, type QueryLog } from './queries.ts';

type Callback = (error: unknown, result: unknown) => void;
type Query = (...args: unknown[]) => unknown;
type Submittable = {
  submit: unknown;
  text?: unknown;
  cursor?: { text?: unknown };
  handleReadyForQuery?: Query;
  handleError?: Query;
};

const traced = new WeakSet<object>();

/** Records the queries of every client that the pool opens from now on: call it right after `new Pool`. Waiting for a free client is not counted. */
export function tracePool<T extends Pool>(instance: Instance, pool: T): T {
  if (traced.has(pool)) return pool;
  traced.add(pool);
  pool.on('connect', (client) => void traceClient(instance, client));
  return pool;
}

/** Records the queries of one client: text and rows or the error's code; never the values. */
export function traceClient<T extends ClientBase>(instance: Instance, client: T): T {
  if (traced.has(client)) return client;
  traced.add(client);
  const { queries } = instance;
  const original = client.query.bind(client) as Query;
  const query: Query = (...args) => {
    const [first] = args;
    if (isSubmittable(first)) {
      followSubmittable(queries, first);
      return original(...args);
    }
    const statement = textOf(first);
    if (statement === undefined) return original(...args);
    const at = args.findIndex((arg) => typeof arg === 'function');
    if (at === -1) return queries.wrap(statement, () => original(...args), rowsOf);
    args[at] = observed(queries, statement, args[at] as Callback);
    return original(...args);
  };
  Object.assign(client, { query });
  return client;
}

function observed(queries: QueryLog, statement: string, callback: Callback): Callback {
  const started = performance.now();
  return (error, result) => {
    const durationMs = performance.now() - started;
    const rows = rowsOf(result);
    if (error) queries.record({ statement, durationMs, error });
    else queries.record({ statement, durationMs, ...(rows === undefined ? {} : { rows }) });
    callback(error, result);
  };
}

/** Cursors and streams (pg-cursor, pg-query-stream) end when the server is ready again; their rows are not counted. */
function followSubmittable(queries: QueryLog, query: Submittable): void {
  const statement = textOf(query) ?? textOf(query.cursor);
  const { handleReadyForQuery, handleError } = query;
  if (statement === undefined || typeof handleReadyForQuery !== 'function') return;
  const started = performance.now();
  let failure: unknown;
  query.handleError = function (this: unknown, ...args) {
    failure = args[0] ?? new Error('failed');
    return handleError?.apply(this, args);
  };
  query.handleReadyForQuery = function (this: unknown, ...args) {
    const durationMs = performance.now() - started;
    queries.record({ statement, durationMs, ...(failure === undefined ? {} : { error: failure }) });
    return handleReadyForQuery.apply(this, args);
  };
}

const isSubmittable = (value: unknown): value is Submittable =>
  typeof value === 'object' && value !== null && typeof (value as { submit?: unknown }).submit === 'function';

function textOf(query: unknown): string | undefined {
  if (typeof query === 'string') return query;
  const text = (query as { text?: unknown } | null | undefined)?.text;
  return typeof text === 'string' ? text : undefined;
}

/** Several statements in one text have several results. */
function rowsOf(result: unknown): number | undefined {
  if (!Array.isArray(result)) return countRows(result);
  return result.reduce<number>((sum, one) => sum + (countRows(one) ?? 0), 0);
}
