import type { Alert } from '@orrery/protocol';
import { Link } from '@tanstack/react-router';
import { Age } from '../ui/Age.tsx';
import type { Column } from '../ui/DataTable.tsx';
import { State } from '../ui/Mark.tsx';
import { ALERT_WORD, SEVERITY_RANK, SEVERITY_TONE, SEVERITY_WORD } from '../ui/state.ts';
import classes from './Alerts.module.css';
import { DOING } from './change.ts';
import type { Verb } from './verbs.ts';

const STATUS_RANK: Record<Alert['status'], number> = { open: 0, acknowledged: 1, ignored: 2, resolved: 3 };

/** The table's columns; a change that is under way stands where the state stands. */
export function alertColumns(pending: ReadonlyMap<string, Verb>): Column<Alert>[] {
  return [
    {
      id: 'severity',
      header: 'Severity',
      cell: (row) => <State tone={SEVERITY_TONE[row.severity]}>{SEVERITY_WORD[row.severity]}</State>,
      sort: (row) => SEVERITY_RANK[row.severity],
      value: (row) => row.severity,
      hide: 'phone',
    },
    {
      id: 'title',
      header: 'What happened',
      cell: (row) => (
        <>
          <Link
            to="."
            search={((old: object) => ({ ...old, alert: row.id })) as never}
            resetScroll={false}
            className={classes.link}
          >
            {row.title}
          </Link>
          <span className={classes.under}>
            <State tone={SEVERITY_TONE[row.severity]}>{SEVERITY_WORD[row.severity]}</State> · {row.project}{' '}
            {row.service} · {stateWord(row, pending).toLowerCase()}
          </span>
        </>
      ),
      sort: (row) => row.title,
      value: (row) => row.title,
      grow: true,
    },
    {
      id: 'project',
      header: 'Project',
      cell: (row) => (
        <>
          {row.project}
          {row.service && <span className={classes.service}> {row.service}</span>}
        </>
      ),
      sort: (row) => `${row.project} ${row.service ?? ''}`,
      value: (row) => row.project,
      hide: 'phone',
    },
    {
      id: 'status',
      header: 'State',
      cell: (row) => stateWord(row, pending),
      sort: (row) => STATUS_RANK[row.status],
      value: (row) => row.status,
      hide: 'phone',
    },
    {
      id: 'times',
      header: 'Times',
      cell: (row) => row.occurrences,
      sort: (row) => row.occurrences,
      value: (row) => row.occurrences,
      align: 'right',
      hide: 'tablet',
    },
    {
      id: 'opened',
      header: 'Opened',
      cell: (row) => <Age at={row.createdAt} />,
      sort: (row) => row.createdAt,
      value: (row) => row.createdAt,
      align: 'right',
    },
  ];
}

function stateWord(alert: Alert, pending: ReadonlyMap<string, Verb>): string {
  const verb = pending.get(alert.id);
  return verb ? DOING[verb] : ALERT_WORD[alert.status];
}
