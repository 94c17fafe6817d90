import { Button } from '@mantine/core';
import type { Incident } from '@orrery/protocol';
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { incidentsQuery } from '../queries.ts';
import { Age } from '../ui/Age.tsx';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { Empty } from '../ui/Empty.tsx';
import { formatSpan } from '../ui/format.ts';
import { State } from '../ui/Mark.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import { Segments } from '../ui/Segments.tsx';
import type { Sort } from '../ui/search.ts';
import { SEVERITY_RANK, SEVERITY_TONE, SEVERITY_WORD } from '../ui/state.ts';
import { usePutSearch } from '../ui/usePutSearch.ts';
import classes from './Alerts.module.css';
import { IncidentPanel } from './IncidentPanel.tsx';

const route = getRouteApi('/desk/alerts');

const COLUMNS: readonly Column<Incident>[] = [
  {
    id: 'severity',
    header: 'Severity',
    cell: (row) => <State tone={SEVERITY_TONE[row.severity]}>{SEVERITY_WORD[row.severity]}</State>,
    sort: (row) => SEVERITY_RANK[row.severity],
    hide: 'phone',
  },
  {
    id: 'title',
    header: 'What happened',
    cell: (row) => (
      <>
        <Link
          to="."
          search={((old: object) => ({ ...old, incident: row.id })) as never}
          resetScroll={false}
          className={classes.link}
        >
          {row.title}
        </Link>
        <span className={classes.reason}>{row.reason}</span>
      </>
    ),
    sort: (row) => row.title,
    grow: true,
  },
  { id: 'projects', header: 'Projects', cell: (row) => row.projects.join(', '), hide: 'tablet' },
  {
    id: 'alerts',
    header: 'Alerts',
    cell: (row) => (row.openAlerts > 0 ? `${row.openAlerts} of ${row.alertIds.length}` : row.alertIds.length),
    sort: (row) => row.alertIds.length,
    align: 'right',
  },
  {
    id: 'state',
    header: 'State',
    cell: (row) => (
      <State tone={row.status === 'open' ? 'bad' : 'ok'}>{row.status === 'open' ? 'Open' : 'Resolved'}</State>
    ),
    sort: (row) => row.status,
    hide: 'phone',
  },
  {
    id: 'lasted',
    header: 'Lasts',
    cell: (row) =>
      row.resolvedAt ? (
        formatSpan(Date.parse(row.resolvedAt) - Date.parse(row.startedAt))
      ) : (
        <Age at={row.startedAt} bare />
      ),
    align: 'right',
    hide: 'phone',
  },
  {
    id: 'started',
    header: 'Began',
    cell: (row) => <Age at={row.startedAt} />,
    sort: (row) => row.startedAt,
    align: 'right',
  },
];

/** Alerts with one probable cause, as one row each. */
export default function Incidents() {
  const search = route.useSearch();
  const put = usePutSearch();
  const [status, setStatus] = useState<'open' | 'all'>('open');
  const [sort, setSort] = useState<Sort>({ id: 'started', desc: true });
  const query = useInfiniteQuery(
    incidentsQuery({ status: status === 'all' ? undefined : status, project: search.project }),
  );
  const rows = query.data?.pages.flatMap((page) => page.items) ?? [];
  const close = () => put({ incident: undefined }, 'step');
  return (
    <>
      <QueryNote query={query} what="the incidents" />
      <div className={classes.columns} data-open={search.incident !== undefined || undefined}>
        <Panel
          title={status === 'open' ? 'Open incidents' : 'All incidents'}
          note={query.data && `${rows.length}${query.hasNextPage ? '+' : ''}`}
          tools={
            <Segments<'open' | 'all'>
              label="Which incidents"
              value={status}
              onChange={setStatus}
              options={[
                { value: 'open', label: 'Open' },
                { value: 'all', label: 'All' },
              ]}
            />
          }
          flush
        >
          {query.isPending && <Waiting rows={6} what="the incidents" />}
          {query.data && rows.length === 0 && (
            <Empty title={status === 'open' ? 'No incident is open' : 'There was no incident yet'}>
              <p>
                Alerts that start together in one project, or lie along one dependency path, become one incident with
                the most upstream of them as its root. Dependencies are declared in orrery.yaml: <code>dependsOn</code>.
              </p>
            </Empty>
          )}
          {rows.length > 0 && (
            <DataTable
              label="Incidents"
              columns={COLUMNS}
              rows={rows}
              rowId={(row) => row.id}
              rowName={(row) => row.title}
              sort={sort}
              onSort={setSort}
              activeId={search.incident}
            />
          )}
          {query.hasNextPage && (
            <div className={classes.more}>
              <Button onClick={() => void query.fetchNextPage()} loading={query.isFetchingNextPage}>
                Older incidents
              </Button>
            </div>
          )}
        </Panel>
        {search.incident && <IncidentPanel key={search.incident} id={search.incident} onClose={close} />}
      </div>
    </>
  );
}
