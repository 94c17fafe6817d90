import type { HealAttempt } from '@orrery/protocol';
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { Page } from '../api.ts';
import { attemptQuery } from '../queries.ts';
import { Age } from '../ui/Age.tsx';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { Empty } from '../ui/Empty.tsx';
import { formatSpan } from '../ui/format.ts';
import { State } from '../ui/Mark.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import type { Sort } from '../ui/search.ts';
import type { Tone } from '../ui/state.ts';
import classes from './Healing.module.css';

const OUTCOME: Record<NonNullable<HealAttempt['outcome']>, { tone: Tone; word: string }> = {
  healed: { tone: 'ok', word: 'Healed' },
  'no effect': { tone: 'warn', word: 'No effect' },
  worse: { tone: 'bad', word: 'Worse' },
  failed: { tone: 'bad', word: 'Failed' },
  refused: { tone: 'quiet', word: 'Refused' },
  expired: { tone: 'quiet', word: 'Expired' },
  'dry run': { tone: 'none', word: 'Dry run' },
};
const STATUS: Record<HealAttempt['status'], { tone: Tone; word: string }> = {
  'awaiting approval': { tone: 'warn', word: 'Waits for approval' },
  acting: { tone: 'warn', word: 'Acting' },
  verifying: { tone: 'warn', word: 'Verifying' },
  done: { tone: 'none', word: 'Done' },
};
const stateOf = (attempt: HealAttempt) => (attempt.outcome ? OUTCOME[attempt.outcome] : STATUS[attempt.status]);

const COLUMNS: readonly Column<HealAttempt>[] = [
  {
    id: 'outcome',
    header: 'Outcome',
    cell: (row) => <State tone={stateOf(row).tone}>{stateOf(row).word}</State>,
    sort: (row) => stateOf(row).word,
  },
  {
    id: 'target',
    header: 'Service',
    cell: (row) => (
      <Link to="/projects/$slug" params={{ slug: row.target.project }} className={classes.link}>
        {row.target.project}/{row.target.service}
      </Link>
    ),
    sort: (row) => `${row.target.project}/${row.target.service}`,
  },
  {
    id: 'what',
    header: 'What was done, and what came of it',
    cell: (row) => (
      <>
        {row.remedy.text}
        <span className={classes.detail}>
          {[
            row.detail ?? row.verdict,
            row.outcome !== 'refused' && row.secondLook,
            row.rollback && `undone: ${row.rollback}`,
          ]
            .filter(Boolean)
            .join(' · ')}
        </span>
      </>
    ),
    grow: true,
    hide: 'phone',
  },
  { id: 'policy', header: 'Policy', cell: (row) => row.policy, sort: (row) => row.policy, hide: 'laptop' },
  { id: 'by', header: 'Approved by', cell: (row) => row.approvedBy ?? '–', hide: 'laptop' },
  {
    id: 'took',
    header: 'Took',
    cell: (row) =>
      row.durations.toActMs === null || row.durations.actMs === null
        ? '–'
        : formatSpan(row.durations.toActMs + row.durations.actMs + (row.durations.verifyMs ?? 0)),
    align: 'right',
    hide: 'tablet',
  },
  {
    id: 'when',
    header: 'When',
    cell: (row) => <Age at={row.createdAt} bare />,
    sort: (row) => row.createdAt,
    align: 'right',
  },
];

/** Heal attempts, newest first, each with what the checks said afterwards. */
export function Attempts({ query, chosen }: { query: UseQueryResult<Page<HealAttempt>>; chosen?: string | undefined }) {
  const [sort, setSort] = useState<Sort>({ id: 'when', desc: true });
  const listed = query.data?.items.filter(({ status }) => status !== 'awaiting approval');
  // One that a link leads to may be older than those that are listed.
  const isOlder = chosen !== undefined && listed !== undefined && !listed.some(({ id }) => id === chosen);
  const older = useQuery({ ...attemptQuery(chosen ?? ''), enabled: isOlder });
  const items = listed && older.data && isOlder ? [...listed, older.data] : listed;
  const healed = items?.filter(({ outcome }) => outcome === 'healed').length ?? 0;
  return (
    <Panel
      title="Attempts"
      note={items && items.length > 0 ? `${healed} healed of the last ${items.length}` : undefined}
      flush
    >
      <QueryNote query={query} what="the attempts" />
      {query.isPending && <Waiting rows={4} what="the attempts" />}
      {items?.length === 0 && (
        <Empty title="Nothing was tried yet">
          <p>When a policy finds its alert, what it did, or would have done, stands here with the proof.</p>
        </Empty>
      )}
      {items && items.length > 0 && (
        <DataTable
          label="Heal attempts"
          columns={COLUMNS}
          rows={items}
          rowId={(row) => row.id}
          sort={sort}
          onSort={setSort}
          activeId={chosen}
        />
      )}
    </Panel>
  );
}
