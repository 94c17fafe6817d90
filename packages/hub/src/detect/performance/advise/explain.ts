import type pg from 'pg';
import { z } from 'zod';

/** A node of a plan, as `EXPLAIN (FORMAT JSON, VERBOSE)` tells of it. */
export type PlanNode = {
  'Node Type': string;
  Schema?: string | undefined;
  'Relation Name'?: string | undefined;
  Alias?: string | undefined;
  Filter?: string | undefined;
  'Total Cost': number;
  'Plan Rows': number;
  Plans?: PlanNode[] | undefined;
};
const PlanNode: z.ZodType<PlanNode> = z.lazy(() =>
  z.object({
    'Node Type': z.string(),
    Schema: z.string().optional(),
    'Relation Name': z.string().optional(),
    Alias: z.string().optional(),
    Filter: z.string().optional(),
    'Total Cost': z.number(),
    'Plan Rows': z.number(),
    Plans: z.array(PlanNode).optional(),
  }),
);
const Explained = z.array(z.object({ Plan: PlanNode })).min(1);

const GENERIC_PLAN_SINCE = 160_000;
const MAX_LENGTH = 10_000;
const NAME = 'orrery_look';

/** Whether a text is one that is explained at all: statements that read or write rows, not what is cut short. */
export const isExplainable = (text: string): boolean =>
  text.length <= MAX_LENGTH && !text.endsWith('…') && /^\s*(select|with|update|delete)\b/i.test(text);

/**
 * The plan of a statement for any parameters; nothing of it is run. PostgreSQL 16 has a generic plan for it; before, the statement is prepared,
 * which finds the types, and planned without a look at the values, which are all NULL. Throws the server's own errors.
 */
export async function explain(client: pg.Client, text: string, version: number): Promise<PlanNode> {
  const parameters = Math.max(0, ...[...text.matchAll(/\$(\d{1,4})/g)].map(([, n]) => Number(n)));
  if (parameters === 0) return read(await one(client, `EXPLAIN (FORMAT JSON, VERBOSE) ${text}`));
  if (version >= GENERIC_PLAN_SINCE)
    return read(await one(client, `EXPLAIN (GENERIC_PLAN, FORMAT JSON, VERBOSE) ${text}`));
  await client.query('SET LOCAL plan_cache_mode = force_generic_plan');
  await one(client, `PREPARE ${NAME} AS ${text}`);
  try {
    const values = Array.from({ length: parameters }, () => 'NULL').join(', ');
    return read(await one(client, `EXPLAIN (FORMAT JSON, VERBOSE) EXECUTE ${NAME}(${values})`));
  } finally {
    await client.query(`DEALLOCATE ${NAME}`);
  }
}

/** The extended protocol takes one statement: what follows it in a text is refused. */
const one = (client: pg.Client, text: string) =>
  client.query({ text, queryMode: 'extended' } as pg.QueryConfig & { queryMode: 'extended' });

function read({ rows }: pg.QueryResult): PlanNode {
  const [first] = Explained.parse((rows[0] as Record<string, unknown> | undefined)?.['QUERY PLAN']);
  if (!first) throw new Error('the server gave no plan');
  return first.Plan;
}
