import { createRequests, type Requests, type RequestTrace } from './requests.ts';
import { ask } from './shared.ts';
import { normaliseStatement, type StatementOptions } from './statement.ts';
import { filled } from './tracer.ts';
import { quantile, RollingSeries, SeriesSet, type Span, type Totals } from './window.ts';

export type QueryOptions = StatementOptions & {
  /** Statements that are told apart; the rest count under `(other)`. Default 200. */
  maxStatements?: number;
};

export type StatementSummary = {
  statement: string;
  queries: number;
  errors: number;
  rows: number;
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
  /** The code (SQLSTATE) or class of the newest error; never its text, which can hold a parameter. */
  lastError?: string;
};

export type QueryTotals = {
  queries: number;
  errors: number;
  rows: number;
  p50Ms?: number;
  p95Ms?: number;
  p99Ms?: number;
};

export type QueryLog = {
  /** Counts one finished query. Only the statement's shape is kept; parameters have no way in. It belongs to the request that runs, or to `trace`: the one that ran when it began. */
  record(query: {
    statement: string;
    durationMs: number;
    rows?: number;
    error?: unknown;
    trace?: RequestTrace | undefined;
  }): void;
  /** Runs `fn` and records it under `statement`; gives back what it gives and throws what it throws (a promise as a promise, a lazy query builder as a promise of its result). `rows` counts the result's rows. */
  wrap<T>(statement: string, fn: () => T, rows?: (result: Awaited<T>) => number | undefined): T;
  /** The slowest statements of the window by p95. */
  top(limit?: number): StatementSummary[];
  totals(): QueryTotals;
  /** The whole of complete slots, by statement. */
  between(span: Span): [statement: string, totals: Totals][];
  seriesCount(): number;
};

export function createQueryLog(
  options: QueryOptions,
  now: () => number,
  requests: Requests = createRequests(),
): QueryLog {
  const statements = new SeriesSet(options.maxStatements ?? 200);
  const all = new RollingSeries();
  const lastErrors = new WeakMap<RollingSeries, string>();
  // Only texts that hold no literal are remembered as they are: a cache of raw statements would keep parameters in memory.
  const shapes = new Map<string, string>();

  const shapeOf = (statement: string): string => {
    const known = shapes.get(statement);
    if (known !== undefined) return known;
    const shape = normaliseStatement(statement, options);
    if (statement.length <= 2000 && literalFree(statement, options)) {
      if (shapes.size >= 500) shapes.clear();
      shapes.set(statement, shape);
    }
    return shape;
  };

  const record: QueryLog['record'] = ({ statement, durationMs, rows, error, trace = requests.current() }) => {
    const at = now();
    const failed = error !== undefined;
    const shape = shapeOf(statement);
    const series = statements.at(shape, at);
    trace?.note(shape, durationMs);
    const outcome = failed ? 'failed' : 'ok';
    series.record(at, durationMs, outcome, rows ?? 0);
    all.record(at, durationMs, outcome, rows ?? 0);
    if (failed) lastErrors.set(series, errorName(error));
  };

  return {
    record,
    wrap<T>(statement: string, fn: () => T, rows: (result: Awaited<T>) => number | undefined = countRows): T {
      const started = now();
      const trace = requests.current();
      const done = (result: Awaited<T>) => {
        const counted = ask(rows, result);
        record({ statement, durationMs: now() - started, trace, ...(counted === undefined ? {} : { rows: counted }) });
        return result;
      };
      const failed = (error: unknown): never => {
        record({ statement, durationMs: now() - started, trace, error: error ?? new Error('rejected') });
        throw error;
      };
      let result: T;
      try {
        result = fn();
      } catch (error) {
        return failed(error);
      }
      // A query builder runs whenever its `then` is called: it is called once, here, and the caller gets what came of it.
      if (isThenable(result)) return Promise.resolve(result).then(done as (value: unknown) => unknown, failed) as T;
      return done(result as Awaited<T>) as T;
    },
    top(limit = 10) {
      const at = now();
      const found: StatementSummary[] = [];
      for (const [statement, series] of statements.entries()) {
        const { count, errors, units, sketch } = series.read(at);
        if (count === 0) continue;
        const lastError = lastErrors.get(series);
        found.push({
          statement,
          queries: count,
          errors,
          rows: units,
          p50Ms: quantile(sketch, 0.5) ?? 0,
          p95Ms: quantile(sketch, 0.95) ?? 0,
          p99Ms: quantile(sketch, 0.99) ?? 0,
          ...(lastError === undefined ? {} : { lastError }),
        });
      }
      return found.sort((a, b) => b.p95Ms - a.p95Ms).slice(0, limit);
    },
    totals() {
      const { count, errors, units, sketch } = all.read(now());
      const totals: QueryTotals = { queries: count, errors, rows: units };
      const [p50Ms, p95Ms, p99Ms] = [quantile(sketch, 0.5), quantile(sketch, 0.95), quantile(sketch, 0.99)];
      if (p50Ms !== undefined) totals.p50Ms = p50Ms;
      if (p95Ms !== undefined) totals.p95Ms = p95Ms;
      if (p99Ms !== undefined) totals.p99Ms = p99Ms;
      return totals;
    },
    between: (span) => filled(statements, span),
    seriesCount: () => statements.size,
  };
}

/** Without strings and comments, and every digit is part of a name or a bind marker. */
const literalFree = (statement: string, { doubleQuoted }: StatementOptions) =>
  !/['#]|--|\/\*|(?<![\w$])\.?\d|\$\D/.test(statement) && (doubleQuoted !== 'string' || !statement.includes('"'));

function errorName(error: unknown): string {
  if (typeof error !== 'object' || error === null) return typeof error;
  const code = (error as { code?: unknown }).code;
  if (typeof code === 'string' && /^[A-Za-z0-9_]{1,40}$/.test(code)) return code;
  const name = (error as { name?: unknown }).name;
  return typeof name === 'string' ? name.slice(0, 60) : 'Error';
}

/** Rows of an array, of pg's `{rowCount}` or of `{changes}`; undefined for any other result. */
export function countRows(result: unknown): number | undefined {
  if (Array.isArray(result)) return result.length;
  if (typeof result !== 'object' || result === null) return undefined;
  const { rowCount, changes, count } = result as { rowCount?: unknown; changes?: unknown; count?: unknown };
  for (const rows of [rowCount, changes, count]) if (typeof rows === 'number' && Number.isFinite(rows)) return rows;
  return undefined;
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
