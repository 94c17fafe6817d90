import type pg from 'pg';
import { isPostgresError } from '../../../intake/index.ts';
import { type Collected, collect, readOnly, type Statement, statementsOf } from './collect.ts';
import { explain, isExplainable, type PlanNode } from './explain.ts';
import type { Advice } from './keep.ts';
import { type Candidate, LARGE_ROWS, missingIndexes } from './missing.ts';
import { duplicateIndexes, unusedIndexes } from './spare.ts';

/** Plans that one look asks for: each is a statement more on somebody's database. */
const MOST_PLANS = 50;
const MOST_ADVICE = 50;
/** What takes less of the time is not worth an index. */
const MIN_SHARE_PERCENT = 0.5;

export type Looked = { advice: Advice[]; notes: string[] };

/** Looks at one database over `client`; `own` are the statements that the product's instances told of, where the server tells of none. */
export async function look(
  client: pg.Client,
  { timeoutMs, own }: { timeoutMs: number; own: readonly Statement[] },
): Promise<Looked> {
  const known = await readOnly(client, timeoutMs, () => collect(client, LARGE_ROWS));
  const notes: string[] = [];
  const statements = await chooseStatements(client, timeoutMs, known, own, notes);
  const found = new Map<string, Advice>();
  let refused = 0;
  const explained = statements.filter(({ text }) => isExplainable(text)).slice(0, MOST_PLANS);
  for (const statement of explained)
    try {
      for (const one of await adviceFor(client, timeoutMs, known, statement)) {
        const before = found.get(one.sql);
        const share = (before?.timeSharePercent ?? 0) + (one.timeSharePercent ?? 0);
        found.set(one.sql, { ...(before ?? one), timeSharePercent: Math.round(share * 10) / 10 });
      }
    } catch (error) {
      if (!isPostgresError(error)) throw error;
      refused++;
    }
  notes.push(`${explained.length - refused} statements were planned, none was run.`);
  if (refused > 0)
    notes.push(
      `${refused} statements could not be planned by this user: rights, another search_path, or parameters whose type is not known.`,
    );
  if (known.server.standby) notes.push('This is a standby: what is used on the primary is not known here.');
  const spare = [...duplicateIndexes(known.indexes), ...unusedIndexes(known.indexes, known.server.statsSeconds)];
  const dropped = new Map(spare.toReversed().map((one) => [one.sql, one]));
  return { advice: [...found.values(), ...dropped.values()].slice(0, MOST_ADVICE), notes };
}

/** The statements of pg_stat_statements where it is, else those that instances measured. */
async function chooseStatements(
  client: pg.Client,
  timeoutMs: number,
  { server }: Collected,
  own: readonly Statement[],
  notes: string[],
): Promise<readonly Statement[]> {
  const instead = own.length > 0 ? 'The statements that the product itself told of are taken instead.' : '';
  if (server.statements === null) {
    notes.push(`pg_stat_statements is not installed in this database. ${instead}`.trim());
    return own;
  }
  const { statements: schema } = server;
  try {
    const all = await readOnly(client, timeoutMs, () => statementsOf(client, schema));
    const hidden = all.filter(({ text }) => text === '<insufficient privilege>').length;
    if (hidden > 0) notes.push(`${hidden} statements of other users are hidden: grant this user pg_read_all_stats.`);
    return all.filter(({ sharePercent }) => sharePercent >= MIN_SHARE_PERCENT);
  } catch (error) {
    if (!isPostgresError(error)) throw error;
    notes.push(
      `pg_stat_statements cannot be read (${error.code}): it must stand in shared_preload_libraries. ${instead}`.trim(),
    );
    return own;
  }
}

async function adviceFor(
  client: pg.Client,
  timeoutMs: number,
  known: Collected,
  statement: Statement,
): Promise<Advice[]> {
  const { version, hypopg } = known.server;
  const plan = await readOnly(client, timeoutMs, () => explain(client, statement.text, version));
  const advice: Advice[] = [];
  for (const candidate of missingIndexes(plan, known)) {
    const measured = hypopg === null ? undefined : await tryIndex(client, timeoutMs, known, statement, candidate);
    const after = measured?.['Total Cost'] ?? candidate.after;
    const before = measured ? plan['Total Cost'] : candidate.before;
    // The planner would not use it: then nobody gains.
    if (after >= before) continue;
    advice.push(describe(candidate, statement, { before, after, how: measured ? 'hypopg' : 'model' }));
  }
  return advice;
}

/** The plan with the index as if it were there: hypopg keeps it in this session's memory alone. */
function tryIndex(
  client: pg.Client,
  timeoutMs: number,
  { server: { version, hypopg } }: Collected,
  { text }: Statement,
  { sql }: Candidate,
): Promise<PlanNode> {
  return readOnly(client, timeoutMs, async () => {
    await client.query(`SELECT * FROM ${hypopg}.hypopg_create_index($1)`, [sql.replace(' CONCURRENTLY', '')]);
    try {
      return await explain(client, text, version);
    } finally {
      await client.query(`SELECT ${hypopg}.hypopg_reset()`);
    }
  });
}

function describe(
  { table, columns, sql, leaves }: Candidate,
  { text, calls, sharePercent }: Statement,
  { before, after, how }: { before: number; after: number; how: 'hypopg' | 'model' },
): Advice {
  // The server leaves a constant in a text now and then.
  const line = text
    .replace(/'(?:[^']|'')*'/g, '?')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 600);
  const rounded = (value: number) => Math.round(value * 100) / 100;
  return {
    kind: 'create',
    table: `${table.schema}.${table.name}`,
    columns,
    sql,
    reason: `"${line.slice(0, 200)}" reads all of the ${Math.round(table.rows)} rows of ${table.schema}.${table.name} for about ${Math.round(leaves)} of them, ${Math.round(calls)} times so far; the table was read as a whole ${table.seqScans} times.`,
    statement: line,
    cost: {
      before: rounded(before),
      after: rounded(after),
      gainPercent: Math.round((1 - after / before) * 1000) / 10,
      how,
    },
    timeSharePercent: Math.round(sharePercent * 10) / 10,
    bytes: table.bytes,
  };
}
