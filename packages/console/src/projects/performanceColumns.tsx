import type { ProjectPerformance } from '@orrery/protocol';
import type { Column } from '../ui/DataTable.tsx';
import { formatMs, NONE } from '../ui/format.ts';
import { State } from '../ui/Mark.tsx';
import classes from './PerformanceTab.module.css';

type Route = ProjectPerformance['routes'][number];
type Statement = ProjectPerformance['statements'][number];
type Spent = Pick<Statement, 'name' | 'count' | 'failed' | 'p50Ms' | 'p95Ms' | 'usualP95Ms' | 'sharePercent' | 'slow'>;

const number = (value: number) => value.toLocaleString('en');

/** What routes and statements have in common. */
const spent = <T extends Spent>(header: string): Column<T>[] => [
  {
    id: 'name',
    header,
    cell: (row) => (
      <>
        {row.slow && (
          <span className={classes.flag}>
            <State tone="warn">slow</State>
          </span>
        )}
        <code className={classes.code} title={row.name}>
          {row.name}
        </code>
      </>
    ),
    sort: (row) => row.name,
    value: (row) => row.name,
    grow: true,
  },
  {
    id: 'share',
    header: 'Time',
    cell: (row) => `${row.sharePercent} %`,
    sort: (row) => row.sharePercent,
    value: (row) => row.sharePercent,
    align: 'right',
  },
  {
    id: 'p95',
    header: 'p95',
    cell: (row) => formatMs(row.p95Ms),
    sort: (row) => row.p95Ms,
    value: (row) => row.p95Ms,
    align: 'right',
  },
  {
    id: 'usual',
    header: 'Usual p95',
    cell: (row) => (row.usualP95Ms === null ? NONE : formatMs(row.usualP95Ms)),
    sort: (row) => row.usualP95Ms,
    value: (row) => row.usualP95Ms,
    align: 'right',
    hide: 'phone',
  },
  {
    id: 'p50',
    header: 'p50',
    cell: (row) => formatMs(row.p50Ms),
    sort: (row) => row.p50Ms,
    value: (row) => row.p50Ms,
    align: 'right',
    hide: 'tablet',
  },
  {
    id: 'count',
    header: 'Calls',
    cell: (row) => number(row.count),
    sort: (row) => row.count,
    value: (row) => row.count,
    align: 'right',
    hide: 'phone',
  },
  {
    id: 'failed',
    header: 'Failed',
    cell: (row) => number(row.failed),
    sort: (row) => row.failed,
    value: (row) => row.failed,
    align: 'right',
    hide: 'tablet',
  },
];

export const ROUTES: readonly Column<Route>[] = [
  ...spent<Route>('Route'),
  {
    id: 'apdex',
    header: 'Apdex',
    cell: (row) => row.apdex.score.toFixed(2),
    sort: (row) => row.apdex.score,
    value: (row) => row.apdex.score,
    align: 'right',
  },
];

export const STATEMENTS: readonly Column<Statement>[] = [
  ...spent<Statement>('Statement'),
  {
    id: 'rows',
    header: 'Rows',
    cell: (row) => number(row.rows),
    sort: (row) => row.rows,
    value: (row) => row.rows,
    align: 'right',
    hide: 'tablet',
  },
];

type Repeat = ProjectPerformance['repeats'][number];

export const REPEATS: readonly Column<Repeat>[] = [
  {
    id: 'statement',
    header: 'Statement',
    cell: (row) => (
      <>
        <code className={classes.code} title={row.statement}>
          {row.statement}
        </code>
        <span className={classes.sub}>{row.route}</span>
      </>
    ),
    sort: (row) => row.statement,
    value: (row) => row.statement,
    grow: true,
  },
  {
    id: 'route',
    header: 'Route',
    cell: (row) => row.route,
    sort: (row) => row.route,
    value: (row) => row.route,
    hide: 'laptop',
  },
  {
    id: 'typical',
    header: 'Times',
    cell: (row) => number(row.typical),
    sort: (row) => row.typical,
    value: (row) => row.typical,
    align: 'right',
  },
  {
    id: 'most',
    header: 'Most',
    cell: (row) => number(row.most),
    sort: (row) => row.most,
    value: (row) => row.most,
    align: 'right',
    hide: 'tablet',
  },
  {
    id: 'requests',
    header: 'Of requests',
    cell: (row) => `${row.sharePercent} %`,
    sort: (row) => row.sharePercent,
    value: (row) => row.sharePercent,
    align: 'right',
    hide: 'phone',
  },
  {
    id: 'wasted',
    header: 'Wasted',
    cell: (row) => formatMs(row.wastedMs),
    sort: (row) => row.wastedMs,
    value: (row) => row.wastedMs,
    align: 'right',
  },
];

type Pool = ProjectPerformance['pools'][number];

export const POOLS: readonly Column<Pool>[] = [
  {
    id: 'pool',
    header: 'Pool',
    cell: (row) => row.pool,
    sort: (row) => row.pool,
    value: (row) => row.pool,
    grow: true,
  },
  {
    id: 'instance',
    header: 'Instance',
    cell: (row) => row.instance,
    sort: (row) => row.instance,
    value: (row) => row.instance,
    hide: 'phone',
  },
  {
    id: 'size',
    header: 'Connections',
    cell: (row) => `${row.size - row.idle} of ${row.max} in use`,
    sort: (row) => row.size - row.idle,
    value: (row) => row.size - row.idle,
    align: 'right',
    hide: 'phone',
  },
  {
    id: 'waiting',
    header: 'Most waiting',
    cell: (row) => number(row.waiting),
    sort: (row) => row.waiting,
    value: (row) => row.waiting,
    align: 'right',
  },
  {
    id: 'wait',
    header: 'Wait, p95',
    cell: (row) => formatMs(row.waitP95Ms),
    sort: (row) => row.waitP95Ms,
    value: (row) => row.waitP95Ms,
    align: 'right',
  },
];
