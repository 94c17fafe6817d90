import type { Dashboard as Own } from '@orrery/protocol';
import { useQuery } from '@tanstack/react-query';
import { Page } from '../desk/Page.tsx';
import { dashboardQuery } from '../queries.ts';
import { Age } from '../ui/Age.tsx';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { formatMs, formatNumber, plural } from '../ui/format.ts';
import { State } from '../ui/Mark.tsx';
import { Note, QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import { projectState, SEVERITY_TONE, SEVERITY_WORD } from '../ui/state.ts';

type Project = Own['projects'][number];
type Incident = Own['incidents'][number];
type Usage = NonNullable<Own['aiUsage']>['groups'][number];

const PROJECTS: readonly Column<Project>[] = [
  { id: 'name', header: 'Project', cell: (row) => row.name, grow: true },
  {
    id: 'status',
    header: 'Status',
    cell: (row) => <State tone={projectState(row).tone}>{projectState(row).word}</State>,
  },
  {
    id: 'latency',
    header: 'Latency',
    cell: (row) => formatMs(row.kpis.healthLatencyMs),
    align: 'right',
    hide: 'phone',
  },
  { id: 'seen', header: 'Heard of', cell: (row) => <Age at={row.lastSeenAt} />, align: 'right' },
];
const INCIDENTS: readonly Column<Incident>[] = [
  {
    id: 'severity',
    header: 'Severity',
    cell: (row) => <State tone={SEVERITY_TONE[row.severity]}>{SEVERITY_WORD[row.severity]}</State>,
  },
  { id: 'title', header: 'What happened', cell: (row) => row.title, grow: true },
  { id: 'since', header: 'Since', cell: (row) => <Age at={row.startedAt} />, align: 'right' },
];
const USAGE: readonly Column<Usage>[] = [
  { id: 'name', header: 'Project', cell: (row) => row.name, grow: true },
  { id: 'calls', header: 'Calls', cell: (row) => formatNumber(row.calls), align: 'right' },
  { id: 'cost', header: 'Cost', cell: (row) => `$${row.costUsd.toFixed(2)}`, align: 'right' },
];

/** What somebody has of their own; the hub decides what that is. */
export default function Dashboard() {
  const own = useQuery(dashboardQuery);
  const { projects, incidents, aiUsage } = own.data ?? {};
  return (
    <Page title="Dashboard" note={projects && plural(projects.length, 'project')}>
      <QueryNote query={own} what="what is yours" />
      <Panel title="Projects" flush>
        {!projects ? (
          <Waiting what="projects" />
        ) : projects.length === 0 ? (
          <Note tone="none">Nothing is assigned to you yet. An administrator of this hub can do so.</Note>
        ) : (
          <DataTable label="Projects" columns={PROJECTS} rows={projects} rowId={(row) => row.slug} />
        )}
      </Panel>
      <Panel title="Open incidents" flush>
        {!incidents ? (
          <Waiting what="incidents" />
        ) : incidents.length === 0 ? (
          <Note tone="ok">Nothing is wrong.</Note>
        ) : (
          <DataTable label="Open incidents" columns={INCIDENTS} rows={incidents} rowId={(row) => row.id} />
        )}
      </Panel>
      {aiUsage && (
        <Panel title="AI usage" note={`30 days · ${formatNumber(aiUsage.total.calls)} calls`} flush>
          {aiUsage.groups.length === 0 ? (
            <Note tone="none">No AI call was made.</Note>
          ) : (
            <DataTable label="AI usage" columns={USAGE} rows={aiUsage.groups} rowId={(row) => row.name} />
          )}
        </Panel>
      )}
    </Page>
  );
}
