import type { Instance } from './instance.ts';
import { countRows } from './queries.ts';

/** What Prisma hands to `$allOperations`. */
type Operation<Args, Result> = {
  model?: string;
  operation: string;
  args: Args;
  query: (args: Args) => Promise<Result>;
};

/**
 * A Prisma client extension: `new PrismaClient({ adapter }).$extends(orrery(instance))`.
 * Model operations are recorded as `Order.findMany`, raw ones by the shape of their SQL; arguments never.
 * For the SQL below the models give `tracePool` (from `@orrery/sdk/pg`) the pool of the adapter, instead of this; how full that pool is tells
 * `watchPool` beside it.
 */
export function orrery(instance: Instance) {
  const { queries } = instance;
  return {
    name: 'orrery',
    query: {
      async $allOperations<Args, Result>({ model, operation, args, query }: Operation<Args, Result>): Promise<Result> {
        const statement = statementOf(model, operation, args);
        const started = performance.now();
        try {
          const result = await query(args);
          const rows = rowsOf(operation, result);
          queries.record({
            statement,
            durationMs: performance.now() - started,
            ...(rows === undefined ? {} : { rows }),
          });
          return result;
        } catch (error) {
          queries.record({ statement, durationMs: performance.now() - started, error: error ?? new Error('failed') });
          throw error;
        }
      },
    },
  };
}

function statementOf(model: string | undefined, operation: string, args: unknown): string {
  if (model !== undefined) return `${model}.${operation}`;
  if (!operation.includes('Raw')) return operation;
  // A tagged template comes as {strings, values} (or as a list of both), an unsafe text as [text, ...values].
  const { strings, sql } = (args ?? {}) as { strings?: unknown; sql?: unknown };
  if (Array.isArray(strings)) return strings.join('?');
  if (typeof sql === 'string') return sql;
  if (Array.isArray(args) && Array.isArray(args[0])) return args[0].join('?');
  return Array.isArray(args) && typeof args[0] === 'string' ? args[0] : operation;
}

/** One object is one row; an operation without rows to count has none. */
function rowsOf(operation: string, result: unknown): number | undefined {
  if (typeof result === 'number') return operation.includes('execute') ? result : undefined;
  if (/^(count|aggregate|groupBy)$/.test(operation)) return Array.isArray(result) ? result.length : undefined;
  if (Array.isArray(result) || /Many$/.test(operation)) return countRows(result);
  return result === null || result === undefined ? 0 : 1;
}
