import { AsyncResource } from 'node:async_hooks';
import type { ClientBase, Pool } from 'pg';
import type { Instance } from './instance.ts';
import { countRows } from './queries.ts';

type Callback = (...args: unknown[]) => void;
type Query = (...args: unknown[]) => unknown;
type Submittable = {
  submit: unknown;
  text?: unknown;
  cursor?: { text?: unknown };
  handleReadyForQuery?: Query;
  handleError?: Query;
};

const traced = new WeakSet<object>();

/**
 * Records the queries of every client that the pool opens from now on, and how full the pool is: call it right after `new Pool`. Waiting
 * for a free client counts as the pool's time, not as the query's.
 */
export function tracePool<T extends Pool>(instance: Instance, pool: T, name?: string): T {
  if (traced.has(pool)) return pool;
  traced.add(pool);
  pool.on('connect', (client) => void traceClient(instance, client));
  return watchPool(instance, pool, name);
}

const watched = new WeakSet<object>();

/** Only how full the pool is and for how long a client is waited for: beside the Prisma extension, which records the queries itself. */
export function watchPool<T extends Pool>(instance: Instance, pool: T, name?: string): T {
  if (watched.has(pool)) return pool;
  watched.add(pool);
  const waits = instance.pools.watch(name, () => ({
    max: pool.options.max,
    size: pool.totalCount,
    idle: pool.idleCount,
    waiting: pool.waitingCount,
  }));
  const original = pool.connect.bind(pool) as (callback?: Callback) => unknown;
  const connect = (callback?: Callback): unknown => {
    const waited = waits();
    if (typeof callback !== 'function') {
      const asked = original() as Promise<unknown>;
      asked.then(waited, waited);
      return asked;
    }
    // Whoever gives a client back calls the next in line: without this its statements would count for the other's request.
    const mine = AsyncResource.bind(callback as (...args: unknown[]) => void);
    return original((...args: unknown[]) => {
      waited();
      mine(...args);
    });
  };
  Object.assign(pool, { connect });
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
      followSubmittable(instance, first);
      return original(...args);
    }
    const statement = textOf(first);
    if (statement === undefined) return original(...args);
    const at = args.findIndex((arg) => typeof arg === 'function');
    if (at === -1) return queries.wrap(statement, () => original(...args), rowsOf);
    args[at] = observed(instance, statement, args[at] as Callback);
    return original(...args);
  };
  Object.assign(client, { query });
  return client;
}

function observed({ queries, requests }: Instance, statement: string, callback: Callback): Callback {
  const started = performance.now();
  const trace = requests.current();
  return (error, result) => {
    const durationMs = performance.now() - started;
    const rows = rowsOf(result);
    if (error) queries.record({ statement, durationMs, trace, error });
    else queries.record({ statement, durationMs, trace, ...(rows === undefined ? {} : { rows }) });
    callback(error, result);
  };
}

/** Cursors and streams (pg-cursor, pg-query-stream) end when the server is ready again; their rows are not counted. */
function followSubmittable({ queries, requests }: Instance, query: Submittable): void {
  const statement = textOf(query) ?? textOf(query.cursor);
  const { handleReadyForQuery, handleError } = query;
  if (statement === undefined || typeof handleReadyForQuery !== 'function') return;
  const started = performance.now();
  const trace = requests.current();
  let failure: unknown;
  query.handleError = function (this: unknown, ...args) {
    failure = args[0] ?? new Error('failed');
    return handleError?.apply(this, args);
  };
  query.handleReadyForQuery = function (this: unknown, ...args) {
    const durationMs = performance.now() - started;
    queries.record({ statement, durationMs, trace, ...(failure === undefined ? {} : { error: failure }) });
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
