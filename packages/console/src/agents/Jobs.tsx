import { Button } from '@mantine/core';
import type { AgentName, Job } from '@orrery/protocol';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { jobsQuery } from '../queries.ts';
import { Age } from '../ui/Age.tsx';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { Empty } from '../ui/Empty.tsx';
import { ExportMenu } from '../ui/ExportMenu.tsx';
import { formatMs } from '../ui/format.ts';
import { State } from '../ui/Mark.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import type { Sort } from '../ui/search.ts';
import type { Tone } from '../ui/state.ts';

function jobState(job: Job): { tone: Tone; word: string } {
  if (!job.enabled) return { tone: 'quiet', word: 'Off' };
  if (job.left) return { tone: 'bad', word: 'Does not end' };
  if (job.lastError) return { tone: 'bad', word: 'Failed' };
  if (job.running) return { tone: 'ok', word: 'Running' };
  return job.runs > 0 ? { tone: 'ok', word: 'Well' } : { tone: 'none', word: 'Not run yet' };
}

const COLUMNS: Column<Job>[] = [
  {
    id: 'name',
    header: 'Job',
    cell: (row) => <strong>{row.name}</strong>,
    sort: (row) => row.name,
    value: (row) => row.name,
  },
  {
    id: 'state',
    header: 'State',
    cell: (row) => {
      const { tone, word } = jobState(row);
      return <State tone={tone}>{word}</State>;
    },
    sort: (row) => jobState(row).word,
    value: (row) => jobState(row).word,
  },
  {
    id: 'agent',
    header: 'Agent',
    cell: (row) => row.agent,
    sort: (row) => row.agent,
    value: (row) => row.agent,
    hide: 'phone',
  },
  { id: 'schedule', header: 'Schedule', cell: (row) => row.schedule, value: (row) => row.schedule, hide: 'phone' },
  {
    id: 'last',
    header: 'Last run',
    cell: (row) => <Age at={row.lastRunAt} />,
    sort: (row) => row.lastRunAt ?? null,
    value: (row) => row.lastRunAt,
  },
  {
    id: 'took',
    header: 'Took',
    cell: (row) => formatMs(row.lastDurationMs),
    sort: (row) => row.lastDurationMs ?? null,
    value: (row) => row.lastDurationMs,
    align: 'right',
    hide: 'phone',
  },
  {
    id: 'runs',
    header: 'Runs',
    cell: (row) => row.runs,
    sort: (row) => row.runs,
    value: (row) => row.runs,
    align: 'right',
    hide: 'tablet',
  },
  {
    id: 'failures',
    header: 'Failed',
    cell: (row) => row.failures,
    sort: (row) => row.failures,
    value: (row) => row.failures,
    align: 'right',
    hide: 'tablet',
  },
  {
    id: 'next',
    header: 'Next run',
    cell: (row) => (row.nextRunAt ? <Age at={row.nextRunAt} /> : '–'),
    value: (row) => row.nextRunAt,
    hide: 'laptop',
  },
  {
    id: 'error',
    header: 'Last error',
    value: (row) => row.lastError,
    cell: (row) => (row.lastError ? <span title={row.lastError}>{row.lastError}</span> : '–'),
    grow: true,
    hide: 'tablet',
  },
];

/** All that the hub does on a schedule or as it happens, or what one agent does of it. */
export function Jobs({ agent, onAll }: { agent: AgentName | undefined; onAll: () => void }) {
  const query = useQuery(jobsQuery);
  const [sort, setSort] = useState<Sort>({ id: 'name', desc: false });
  const items = query.data?.items.filter((job) => agent === undefined || job.agent === agent);
  const failing = items?.filter((job) => job.lastError).length ?? 0;
  return (
    <Panel
      title={agent ? `Jobs of ${agent}` : 'Jobs'}
      note={items && (failing > 0 ? `${failing} failed last time` : 'all well')}
      tools={
        <>
          {agent && <Button onClick={onAll}>Show all</Button>}
          <ExportMenu name="jobs" columns={COLUMNS} rows={items ?? []} />
        </>
      }
      flush
    >
      <QueryNote query={query} what="the jobs" />
      {query.isPending && <Waiting rows={6} what="the jobs" />}
      {items?.length === 0 && (
        <Empty title={agent ? `${agent} has no job in this version of the hub` : 'The hub runs no jobs'} />
      )}
      {items && items.length > 0 && (
        <DataTable label="Jobs" columns={COLUMNS} rows={items} rowId={(row) => row.name} sort={sort} onSort={setSort} />
      )}
    </Panel>
  );
}
