import { Button, NativeSelect } from '@mantine/core';
import type { AttackFamily, SecurityIncident } from '@orrery/protocol';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { postureQuery, securityQuery } from '../queries.ts';
import { Age } from '../ui/Age.tsx';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { Empty } from '../ui/Empty.tsx';
import { ExportMenu } from '../ui/ExportMenu.tsx';
import { formatNumber } from '../ui/format.ts';
import { State } from '../ui/Mark.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import { Segments } from '../ui/Segments.tsx';
import { Sparkline } from '../ui/Sparkline.tsx';
import { readSort, writeSort } from '../ui/search.ts';
import { SEVERITY_RANK, SEVERITY_TONE, SEVERITY_WORD } from '../ui/state.ts';
import { usePutSearch } from '../ui/usePutSearch.ts';
import { IncidentPanel } from './IncidentPanel.tsx';
import classes from './Security.module.css';
import { FAMILY_WORD } from './words.ts';

const route = getRouteApi('/desk/security');

const COLUMNS: readonly Column<SecurityIncident>[] = [
  {
    id: 'severity',
    header: 'Severity',
    cell: (row) => <State tone={SEVERITY_TONE[row.severity]}>{SEVERITY_WORD[row.severity]}</State>,
    sort: (row) => SEVERITY_RANK[row.severity],
    value: (row) => row.severity,
  },
  {
    id: 'family',
    header: 'Attack',
    cell: (row) => (
      <>
        <Link
          to="."
          search={((old: object) => ({ ...old, incident: row.id })) as never}
          resetScroll={false}
          className={classes.link}
        >
          {FAMILY_WORD[row.family]}
        </Link>
        <span className={classes.shape}>{row.shape}</span>
      </>
    ),
    sort: (row) => FAMILY_WORD[row.family],
    value: (row) => `${row.family}: ${row.rule}`,
    grow: true,
  },
  {
    id: 'route',
    header: 'Route',
    cell: (row) => <code>{row.route}</code>,
    sort: (row) => row.route,
    value: (row) => row.route,
    hide: 'laptop',
  },
  {
    id: 'project',
    header: 'Project',
    cell: (row) => row.project,
    sort: (row) => row.project,
    value: (row) => row.project,
    hide: 'phone',
  },
  {
    id: 'hours',
    header: '24 h',
    cell: (row) => (
      <span className={classes.spark}>
        <Sparkline
          values={row.hours}
          height={20}
          tone={row.state === 'active' ? SEVERITY_TONE[row.severity] : 'quiet'}
          label={`Attacks by hour: ${row.hours.join(', ')}`}
        />
      </span>
    ),
    hide: 'tablet',
  },
  {
    id: 'total',
    header: 'Times',
    cell: (row) => formatNumber(row.total),
    sort: (row) => row.total,
    value: (row) => row.total,
    align: 'right',
  },
  {
    id: 'first',
    header: 'First seen',
    cell: (row) => <Age at={row.firstAt} />,
    sort: (row) => row.firstAt,
    value: (row) => row.firstAt,
    align: 'right',
    hide: 'laptop',
  },
  {
    id: 'last',
    header: 'Last seen',
    cell: (row) => <Age at={row.lastAt} />,
    sort: (row) => row.lastAt,
    value: (row) => row.lastAt,
    align: 'right',
    hide: 'phone',
  },
  {
    id: 'state',
    header: 'State',
    cell: (row) => (
      <State tone={row.state === 'active' ? 'warn' : 'quiet'}>{row.state === 'active' ? 'Active' : 'Ended'}</State>
    ),
    sort: (row) => row.state,
    value: (row) => row.state,
    hide: 'tablet',
  },
];

/** What the panel beside the list tells as well. */
const BESIDE = new Set(['route', 'hours', 'first', 'project']);

/** What was tried where and by whom, seen last first; one of them beside the list. */
export function Attacks() {
  const search = route.useSearch();
  const put = usePutSearch();
  const sort = readSort(search.sort) ?? { id: 'last', desc: true };
  const query = useInfiniteQuery(
    securityQuery({ state: search.state, family: search.family, project: search.project }),
  );
  const { data: posture } = useQuery(postureQuery);
  const rows = query.data?.pages.flatMap((page) => page.items) ?? [];
  const filtered = search.state ?? search.family ?? search.project;
  return (
    <div className={classes.columns} data-open={search.incident !== undefined || undefined}>
      <Panel
        title="Attack incidents"
        note={query.data && `${rows.length}${query.hasNextPage ? '+' : ''}`}
        tools={<ExportMenu name="security-incidents" columns={COLUMNS} rows={rows} />}
        flush
      >
        <div className={classes.filters}>
          <Segments
            label="State"
            value={search.state ?? 'any'}
            onChange={(value) => put({ state: value === 'any' ? undefined : value })}
            options={[
              { value: 'any', label: 'Any' },
              { value: 'active', label: 'Active' },
              { value: 'ended', label: 'Ended' },
            ]}
          />
          <NativeSelect
            aria-label="Kind of attack"
            value={search.family ?? ''}
            onChange={(event) => put({ family: event.currentTarget.value || undefined })}
            data={[
              { value: '', label: 'Any attack' },
              ...(Object.keys(FAMILY_WORD) as AttackFamily[]).map((value) => ({ value, label: FAMILY_WORD[value] })),
            ]}
          />
          <NativeSelect
            aria-label="Project"
            value={search.project ?? ''}
            onChange={(event) => put({ project: event.currentTarget.value || undefined })}
            data={[
              { value: '', label: 'Any project' },
              ...new Set([
                ...(posture?.items ?? []).map(({ project }) => project),
                ...rows.map(({ project }) => project),
                ...(search.project ? [search.project] : []),
              ]),
            ]}
          />
        </div>
        <QueryNote query={query} what="the attack incidents" />
        {query.isPending && <Waiting rows={5} what="the attack incidents" />}
        {query.data && rows.length === 0 && (
          <Empty title={filtered ? 'No such incident' : 'No attack was seen'}>
            <p>
              The SDK looks through the requests of a product once its adapter is mounted, and tells of attacks by
              route, kind and an opaque actor; never with a payload or an address.
            </p>
          </Empty>
        )}
        {rows.length > 0 && (
          <DataTable
            label="Attack incidents"
            columns={search.incident === undefined ? COLUMNS : COLUMNS.filter(({ id }) => !BESIDE.has(id))}
            rows={rows}
            rowId={(row) => row.id}
            rowName={(row) => row.shape}
            sort={sort}
            onSort={(next) => put({ sort: writeSort(next) })}
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
      {search.incident && (
        <IncidentPanel
          key={search.incident}
          id={search.incident}
          onClose={() => put({ incident: undefined }, 'step')}
        />
      )}
    </div>
  );
}
