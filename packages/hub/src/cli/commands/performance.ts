import type { Apdex, IndexAdvice, ProjectPerformance } from '@orrery/protocol';
import type { Command } from 'commander';
import { type ClientOptions, createClient, hubOptions } from '../client.ts';
import { ago, createOutput, type Paint, state, table } from '../output.ts';
import { printable, type Terminal } from '../terminal.ts';

const MOST = 15;

export function registerPerformance(program: Command, terminal: Terminal): void {
  hubOptions(
    program
      .command('performance')
      .description(
        'The last hour of a project: slow routes and statements, N+1 patterns, pools, Apdex, advice on indexes.',
      ),
  )
    .argument('<project>', 'its slug')
    .action(async (project: string, options: ClientOptions) => {
      const output = createOutput(terminal, options);
      const client = createClient(options, terminal);
      const found = await client.get<ProjectPerformance>(`/api/performance?project=${encodeURIComponent(project)}`);
      output.answer(found, () => describe(found, output.paint));
    });
}

function describe(found: ProjectPerformance, paint: Paint): string {
  const now = Date.now();
  const parts = [headOf(found, now)];
  const section = (title: string, head: readonly string[], rows: readonly (readonly string[])[]) => {
    if (rows.length > 0) parts.push(`${paint('bold', title)}\n${table(head, rows, paint)}`);
  };
  section(
    'Problems',
    ['SEVERITY', 'SINCE', 'WHAT'],
    found.problems.map(({ severity, since, title }) => [state(severity, paint), ago(since, now), printable(title)]),
  );
  section(
    'Routes',
    ['CALLS', 'FAILED', 'P50', 'P95', 'USUAL P95', 'TIME', 'APDEX', 'ROUTE'],
    found.routes
      .slice(0, MOST)
      .map((route) => [
        ...spent(route),
        ms(route.p50Ms),
        ms(route.p95Ms),
        usual(route),
        `${route.sharePercent} %`,
        score(route.apdex),
        printable(route.name),
      ]),
  );
  section(
    'Statements',
    ['CALLS', 'FAILED', 'P50', 'P95', 'USUAL P95', 'TIME', 'STATEMENT'],
    found.statements
      .slice(0, MOST)
      .map((one) => [
        ...spent(one),
        ms(one.p50Ms),
        ms(one.p95Ms),
        usual(one),
        `${one.sharePercent} %`,
        printable(one.name),
      ]),
  );
  section(
    'Statements repeated within one request',
    ['TIMES', 'MOST', 'REQUESTS', 'WASTED', 'ROUTE', 'STATEMENT'],
    found.repeats
      .slice(0, MOST)
      .map((one) => [
        String(one.typical),
        String(one.most),
        `${one.requests} (${one.sharePercent} %)`,
        ms(one.wastedMs),
        printable(one.route),
        printable(one.statement),
      ]),
  );
  section(
    'Pools',
    ['SIZE', 'IDLE', 'MOST WAITING', 'WAIT P95', 'POOL', 'INSTANCE'],
    found.pools.map((pool) => [
      `${pool.size} of ${pool.max}`,
      String(pool.idle),
      String(pool.waiting),
      ms(pool.waitP95Ms),
      printable(pool.pool),
      printable(pool.instance),
    ]),
  );
  if (found.indexes.length > 0)
    parts.push(
      `${paint('bold', 'Indexes (nothing of this is carried out by the hub)')}\n${found.indexes.map(advised).join('\n\n')}`,
    );
  if (found.advisor) parts.push(advisorOf(found.advisor, now));
  return parts.join('\n\n');
}

function headOf({ project, lastAt, apdex }: ProjectPerformance, now: number): string {
  if (lastAt === null)
    return `${project}: nothing was reported in the last hour. Instances on the SDK report routes and statements by themselves.`;
  const scored = apdex
    ? `Apdex ${score(apdex)} (T = ${apdex.thresholdMs} ms): ${apdex.satisfied} satisfied, ${apdex.tolerating} tolerating, ${apdex.frustrated} frustrated of ${apdex.requests}`
    : 'no request in the last hour';
  return `${project}: ${scored}; last report ${ago(lastAt, now)}`;
}

const score = ({ score: value }: Apdex): string => value.toFixed(2);
const ms = (value: number): string => (value >= 100 ? `${Math.round(value)} ms` : `${Number(value.toPrecision(2))} ms`);
const usual = ({ usualP95Ms, slow }: { usualP95Ms: number | null; slow: boolean }): string =>
  `${usualP95Ms === null ? '–' : ms(usualP95Ms)}${slow ? ' (slow)' : ''}`;
const spent = ({ count, failed }: { count: number; failed: number }): string[] => [String(count), String(failed)];

function advised({ sql, reason, cost, timeSharePercent }: IndexAdvice): string {
  const gain = cost
    ? ` Cost ${cost.before} → ${cost.after} (−${cost.gainPercent} %, by ${cost.how === 'hypopg' ? 'the planner itself' : 'a model'}).`
    : '';
  const share = timeSharePercent === undefined ? '' : ` ${timeSharePercent} % of the database's time.`;
  return `  ${printable(sql)}\n    ${printable(reason)}${gain}${share}`;
}

function advisorOf({ target, lastAt, error, notes }: NonNullable<ProjectPerformance['advisor']>, now: number): string {
  const head = `${printable(target)} was looked at ${ago(lastAt, now)}${error === null ? '' : `: ${printable(error)}`}`;
  return [head, ...notes.map((note) => `  ${printable(note)}`)].join('\n');
}
