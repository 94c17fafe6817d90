import type { FanoutResult } from '@orrery/protocol';
import { Link } from '@tanstack/react-router';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { NONE } from '../ui/format.ts';
import { State } from '../ui/Mark.tsx';
import classes from './Actions.module.css';
import { outcomeOf, resultText } from './words.ts';

const columns = (dryRun: boolean): Column<FanoutResult>[] => [
  {
    id: 'project',
    header: 'Project',
    cell: (row) => (
      <Link to="/projects/$slug" params={{ slug: row.project }}>
        <u>{row.project}</u>
      </Link>
    ),
    value: (row) => row.project,
  },
  {
    id: 'outcome',
    header: dryRun ? 'Would be' : 'Outcome',
    cell: (row) => {
      if (dryRun && row.status === 'sent') return <State tone="ok">Sent</State>;
      const { tone, word } = outcomeOf(row);
      return <State tone={tone}>{word}</State>;
    },
    value: (row) => row.status,
  },
  {
    id: 'why',
    header: dryRun ? 'Why not' : 'What came of it',
    cell: (row) => {
      const text = row.reason ?? row.runUnknown ?? resultText(row.run?.result) ?? NONE;
      return (
        <span className={classes.why} title={text}>
          {text}
        </span>
      );
    },
    value: (row) => row.reason ?? row.runUnknown ?? resultText(row.run?.result),
    grow: true,
  },
  ...(dryRun
    ? []
    : [
        {
          id: 'audit',
          header: 'Audit id',
          cell: (row: FanoutResult) => (row.auditId ? <code className={classes.id}>{row.auditId}</code> : NONE),
          value: (row: FanoutResult) => row.auditId,
          hide: 'tablet' as const,
        },
      ]),
];

/** What came of a request at each project, or what would. */
export function Results({ results, dryRun = false }: { results: readonly FanoutResult[]; dryRun?: boolean }) {
  return (
    <DataTable
      label={dryRun ? 'What would be sent' : 'What came of it'}
      columns={columns(dryRun)}
      rows={results}
      rowId={(row) => row.project}
    />
  );
}
