import type { IndexAdvice, ProjectPerformance } from '@orrery/protocol';
import { useState } from 'react';
import { Age } from '../ui/Age.tsx';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { Empty } from '../ui/Empty.tsx';
import { ExportMenu } from '../ui/ExportMenu.tsx';
import { formatBytes, NONE } from '../ui/format.ts';
import { State } from '../ui/Mark.tsx';
import { Panel } from '../ui/Panel.tsx';
import { CopyButton, Snippet } from '../ui/Snippet.tsx';
import type { Sort } from '../ui/search.ts';
import classes from './PerformanceTab.module.css';

const WORD: Record<IndexAdvice['kind'], string> = {
  create: 'missing',
  'drop-unused': 'unused',
  'drop-duplicate': 'duplicate',
};

const gain = ({ cost }: IndexAdvice) => cost?.gainPercent ?? null;

const COLUMNS: readonly Column<IndexAdvice>[] = [
  {
    id: 'kind',
    header: 'Index',
    cell: (row) => <State tone={row.kind === 'create' ? 'warn' : 'quiet'}>{WORD[row.kind]}</State>,
    sort: (row) => row.kind,
    value: (row) => row.kind,
  },
  {
    id: 'sql',
    header: 'Advice, and why',
    cell: (row) => (
      <>
        <span className={classes.sql}>
          <code>{row.sql}</code>
          <CopyButton text={`${row.sql};`} label={`Copy the statement for ${row.table}`} />
        </span>
        <span className={classes.why}>{row.reason}</span>
      </>
    ),
    value: (row) => row.sql,
    grow: true,
  },
  {
    id: 'gain',
    header: 'Cheaper by',
    cell: (row) =>
      row.cost ? (
        <span
          title={`The plan costs ${row.cost.before} now and ${row.cost.after} with it, by ${row.cost.how === 'hypopg' ? 'the planner itself' : 'a model'}`}
        >
          {row.cost.gainPercent} %
        </span>
      ) : (
        NONE
      ),
    sort: gain,
    value: gain,
    align: 'right',
    hide: 'phone',
  },
  {
    id: 'share',
    header: 'Of the time',
    cell: (row) => (row.timeSharePercent === undefined ? NONE : `${row.timeSharePercent} %`),
    sort: (row) => row.timeSharePercent ?? null,
    value: (row) => row.timeSharePercent,
    align: 'right',
    hide: 'tablet',
  },
  {
    id: 'bytes',
    header: 'Size',
    cell: (row) => (row.bytes === undefined ? NONE : formatBytes(row.bytes)),
    sort: (row) => row.bytes ?? null,
    value: (row) => row.bytes,
    align: 'right',
    hide: 'laptop',
  },
];

type Props = { slug: string; advice: readonly IndexAdvice[]; advisor: ProjectPerformance['advisor'] };

/** What the look at the project's database came to. It is text: the hub carries none of it out. */
export function IndexAdvices({ slug, advice, advisor }: Props) {
  const [sort, setSort] = useState<Sort>();
  return (
    <Panel
      title="Indexes"
      note={
        advisor && (
          <>
            looked at <Age at={advisor.lastAt} />
          </>
        )
      }
      tools={advice.length > 0 && <ExportMenu name={`${slug}-indexes`} columns={COLUMNS} rows={advice} />}
      flush
    >
      {!advisor && (
        <Empty title="No database is looked at">
          <p>Declare one, read-only, and its missing, unused and duplicate indexes stand here as text to take away.</p>
          <Snippet
            label="orrery.yaml"
            code={`projects:\n  - slug: ${slug}\n    performance:\n      postgres: { url: '\${DATABASE_URL}', every: 1h }`}
          />
        </Empty>
      )}
      {advisor?.error && (
        <p className={classes.note}>
          <State tone="warn">The last look failed</State> {advisor.error}
        </p>
      )}
      {advice.length > 0 && (
        <DataTable
          label="Advice on indexes"
          columns={COLUMNS}
          rows={advice}
          rowId={(row) => row.id}
          sort={sort}
          onSort={setSort}
        />
      )}
      {advisor && advice.length === 0 && !advisor.error && (
        <p className={classes.note}>
          {advisor.lastAt === null ? 'The first look is about to begin.' : 'Nothing is missing, unused or there twice.'}
        </p>
      )}
      {advisor && advisor.notes.length > 0 && <p className={classes.note}>{advisor.notes.join(' ')}</p>}
    </Panel>
  );
}
