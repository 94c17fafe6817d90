import { Button, TextInput } from '@mantine/core';
import type { FedProject } from '@orrery/protocol';
import { IconPlus, IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { lazy, Suspense, useMemo } from 'react';
import { useMay } from '../access/me.ts';
import { Page } from '../desk/Page.tsx';
import { FirstProject } from '../overview/FirstProject.tsx';
import { projectsQuery } from '../queries.ts';
import { Age } from '../ui/Age.tsx';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { Empty } from '../ui/Empty.tsx';
import { ExportMenu } from '../ui/ExportMenu.tsx';
import { formatMs, formatNumber, NONE, plural } from '../ui/format.ts';
import { State } from '../ui/Mark.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import { Segments } from '../ui/Segments.tsx';
import { readSort, writeSort } from '../ui/search.ts';
import { PROJECT_RANK, projectState } from '../ui/state.ts';
import { TabLinks } from '../ui/TabLinks.tsx';
import { usePutSearch } from '../ui/usePutSearch.ts';
import { AddProject } from './AddProject.tsx';
import { DeclaredIn } from './DeclaredIn.tsx';
import classes from './Projects.module.css';

const Actions = lazy(() => import('../actions/Actions.tsx'));
const route = getRouteApi('/desk/projects');

const COLUMNS: Column<FedProject>[] = [
  {
    id: 'name',
    header: 'Project',
    cell: (row) => (
      <Link to="/projects/$slug" params={{ slug: row.slug }} className={classes.link}>
        {row.name} <span className={classes.slug}>{row.slug}</span>
      </Link>
    ),
    sort: (row) => row.name,
    value: (row) => row.slug,
    grow: true,
  },
  {
    id: 'status',
    header: 'State',
    cell: (row) => {
      const { tone, word } = projectState(row);
      return <State tone={tone}>{word}</State>;
    },
    sort: (row) => PROJECT_RANK[row.status],
    value: (row) => row.status,
  },
  {
    id: 'seen',
    header: 'Seen',
    cell: (row) => <Age at={row.lastSeenAt} />,
    sort: (row) => row.lastSeenAt,
    value: (row) => row.lastSeenAt,
  },
  {
    id: 'latency',
    header: 'Health latency',
    cell: (row) => formatMs(row.kpis.healthLatencyMs),
    sort: (row) => row.kpis.healthLatencyMs,
    value: (row) => row.kpis.healthLatencyMs,
    align: 'right',
    hide: 'phone',
  },
  {
    id: 'deploy',
    header: 'Last deploy',
    cell: (row) => (row.kpis.deployFreshnessDays === null ? NONE : `${formatNumber(row.kpis.deployFreshnessDays)} d`),
    sort: (row) => row.kpis.deployFreshnessDays,
    value: (row) => row.kpis.deployFreshnessDays,
    align: 'right',
    hide: 'laptop',
  },
  {
    id: 'version',
    header: 'Version',
    cell: (row) => row.version ?? NONE,
    sort: (row) => row.version ?? null,
    value: (row) => row.version,
    hide: 'tablet',
  },
  {
    id: 'domain',
    header: 'Domain',
    cell: (row) => row.domain ?? NONE,
    sort: (row) => row.domain ?? null,
    value: (row) => row.domain,
    hide: 'tablet',
  },
  {
    id: 'tags',
    header: 'Tags',
    cell: (row) => row.tags.join(', ') || NONE,
    value: (row) => row.tags.join(' '),
    hide: 'laptop',
  },
  {
    id: 'declared',
    header: 'Declared in',
    cell: (row) => <DeclaredIn project={row} />,
    sort: (row) => row.declaredIn.source,
    value: (row) => row.declaredIn.ref ?? row.declaredIn.source,
    hide: 'tablet',
  },
];

export default function Projects() {
  const search = route.useSearch();
  const may = useMay();
  const query = useQuery(projectsQuery);
  const put = usePutSearch();
  const all = query.data;

  return (
    <Page
      title="Projects"
      note={all && plural(all.length, 'project')}
      tools={
        may('configure') && (
          <Button variant="filled" leftSection={<IconPlus size={14} />} onClick={() => put({ add: '1' }, 'step')}>
            Add project
          </Button>
        )
      }
    >
      <TabLinks
        label="Parts of this page"
        active={search.tab ?? 'all'}
        tabs={[
          { value: 'all', label: 'Projects', count: all?.length },
          { value: 'actions', label: 'Actions' },
        ]}
      />
      {search.tab === 'actions' ? (
        <Suspense fallback={<Waiting rows={6} what="the actions" />}>
          <Actions />
        </Suspense>
      ) : (
        <AllProjects />
      )}
      {search.add && may('configure') && <AddProject onClose={() => put({ add: undefined })} />}
    </Page>
  );
}

function AllProjects() {
  const search = route.useSearch();
  const query = useQuery(projectsQuery);
  const put = usePutSearch();
  const all = query.data;
  const rows = useMemo(() => filterProjects(all ?? [], search.q, search.status), [all, search.q, search.status]);
  const count = (status: FedProject['status']) => all?.filter((project) => project.status === status).length ?? 0;
  return (
    <>
      <QueryNote query={query} what="the projects" />
      {query.isPending && <Waiting rows={8} what="the projects" />}
      {all?.length === 0 && <FirstProject />}
      {all && all.length > 0 && (
        <Panel
          title="All projects"
          note={rows.length === all.length ? undefined : `${rows.length} of ${all.length}`}
          tools={
            <>
              <TextInput
                aria-label="Filter projects"
                placeholder="Name, tag, team, domain"
                leftSection={<IconSearch size={14} />}
                defaultValue={search.q ?? ''}
                onChange={(event) => put({ q: event.currentTarget.value || undefined })}
              />
              <Segments
                label="State"
                value={search.status ?? 'all'}
                onChange={(status) => put({ status: status === 'all' ? undefined : status })}
                options={[
                  { value: 'all', label: 'All' },
                  { value: 'offline', label: 'Offline', count: count('offline') },
                  { value: 'degraded', label: 'Degraded', count: count('degraded') },
                  { value: 'online', label: 'Online', count: count('online') },
                ]}
              />
              <ExportMenu name="projects" columns={COLUMNS} rows={rows} />
            </>
          }
          flush
        >
          {rows.length === 0 ? (
            <Empty title="No project passes this filter" />
          ) : (
            <DataTable
              label="Projects"
              columns={COLUMNS}
              rows={rows}
              rowId={(row) => row.slug}
              sort={readSort(search.sort) ?? { id: 'status', desc: false }}
              onSort={(sort) => put({ sort: writeSort(sort) })}
            />
          )}
        </Panel>
      )}
    </>
  );
}

/** A word matches a name, slug, tag, team or domain; several words must all match. */
export function filterProjects(projects: readonly FedProject[], q?: string, status?: FedProject['status']) {
  const words = (q ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  return projects.filter((project) => {
    if (status && project.status !== status) return false;
    const text = [project.name, project.slug, project.domain ?? '', ...project.tags, ...project.teams]
      .join(' ')
      .toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
