import { Button } from '@mantine/core';
import type { GraphEdge, GraphNode } from '@orrery/protocol';
import { useMemo } from 'react';
import { Age } from '../ui/Age.tsx';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { Empty } from '../ui/Empty.tsx';
import { ExportMenu } from '../ui/ExportMenu.tsx';
import { formatMs, formatNumber, NONE } from '../ui/format.ts';
import { State } from '../ui/Mark.tsx';
import { Panel } from '../ui/Panel.tsx';
import { Segments } from '../ui/Segments.tsx';
import type { Sort } from '../ui/search.ts';
import { PROJECT_RANK, projectState } from '../ui/state.ts';
import { domainOf, type Model, nameOf, neededByOf, needsOf } from './model.ts';
import type { View } from './view.ts';

type Props = {
  model: Model;
  view: View;
  strength: number;
  found: ReadonlySet<string> | undefined;
  which: 'projects' | 'edges';
  sort: Sort | undefined;
  onWhich: (which: 'projects' | 'edges') => void;
  onSort: (sort: Sort) => void;
  onShow: (part: { sel?: string; edge?: string }) => void;
};

/** The map as rows: the same projects and edges, sortable, to take along. */
export function GraphTable({ model, view, strength, found, which, sort, onWhich, onSort, onShow }: Props) {
  const passing = useMemo(() => (found ? view.passing.filter(({ id }) => found.has(id)) : view.passing), [view, found]);
  const edges = useMemo(() => {
    const shown = new Set(view.passing.map(({ id }) => id));
    return [...model.edges.values()].filter(
      (edge) => shown.has(edge.from) && shown.has(edge.to) && edge.strength >= strength,
    );
  }, [model, view, strength]);
  const projectColumns = useMemo(() => columnsOfProjects(model, (sel) => onShow({ sel })), [model, onShow]);
  const edgeColumns = useMemo(() => columnsOfEdges(model, (edge) => onShow({ edge })), [model, onShow]);
  const projects = which === 'projects';
  return (
    <Panel
      title={projects ? 'Projects' : 'Edges'}
      note={projects ? passing.length : edges.length}
      flush
      tools={
        <>
          <Segments
            label="Rows"
            value={which}
            onChange={onWhich}
            options={[
              { value: 'projects', label: 'Projects', count: passing.length },
              { value: 'edges', label: 'Edges', count: edges.length },
            ]}
          />
          {projects ? (
            <ExportMenu name="ecosystem-projects" columns={projectColumns} rows={passing} />
          ) : (
            <ExportMenu name="ecosystem-edges" columns={edgeColumns} rows={edges} />
          )}
        </>
      }
    >
      {projects ? (
        passing.length === 0 ? (
          <Empty title="No project passes" />
        ) : (
          <DataTable
            label="Projects of the map"
            columns={projectColumns}
            rows={passing}
            rowId={(row) => row.id}
            sort={sort ?? { id: 'risk', desc: true }}
            onSort={onSort}
          />
        )
      ) : edges.length === 0 ? (
        <Empty title="No edge passes" />
      ) : (
        <DataTable
          label="Edges of the map"
          columns={edgeColumns}
          rows={edges}
          rowId={(row) => row.id}
          sort={sort ?? { id: 'strength', desc: true }}
          onSort={onSort}
        />
      )}
    </Panel>
  );
}

const share = (value: number | null | undefined) => (value === null || value === undefined ? NONE : value.toFixed(2));

function columnsOfProjects(model: Model, show: (slug: string) => void): Column<GraphNode>[] {
  return [
    { id: 'name', header: 'Project', cell: (row) => nameOf(row), sort: nameOf, value: (row) => row.id, grow: true },
    {
      id: 'status',
      header: 'State',
      cell: (row) => {
        const { tone, word } = projectState({ status: row.status, lastSeenAt: row.lastSeenAt ?? null });
        return <State tone={tone}>{word}</State>;
      },
      sort: (row) => PROJECT_RANK[row.status],
      value: (row) => row.status,
    },
    {
      id: 'risk',
      header: 'Risk',
      cell: (row) => share(row.risk),
      sort: (row) => row.risk,
      value: (row) => row.risk,
      align: 'right',
    },
    {
      id: 'compliance',
      header: 'Compliance',
      cell: (row) => share(row.compliance),
      sort: (row) => row.compliance,
      value: (row) => row.compliance,
      align: 'right',
      hide: 'phone',
    },
    {
      id: 'freshness',
      header: 'Deploy',
      cell: (row) => (row.freshnessDays === null ? NONE : `${formatNumber(row.freshnessDays)} d`),
      sort: (row) => row.freshnessDays,
      value: (row) => row.freshnessDays,
      align: 'right',
      hide: 'phone',
    },
    {
      id: 'latency',
      header: 'Latency',
      cell: (row) => formatMs(row.kpis?.healthLatencyMs),
      sort: (row) => row.kpis?.healthLatencyMs ?? null,
      value: (row) => row.kpis?.healthLatencyMs,
      align: 'right',
      hide: 'tablet',
    },
    {
      id: 'needs',
      header: 'Needs',
      cell: (row) => needsOf(model, row.id).length,
      sort: (row) => needsOf(model, row.id).length,
      value: (row) => needsOf(model, row.id).length,
      align: 'right',
      hide: 'phone',
    },
    {
      id: 'neededBy',
      header: 'Needed by',
      cell: (row) => neededByOf(model, row.id).length,
      sort: (row) => neededByOf(model, row.id).length,
      value: (row) => neededByOf(model, row.id).length,
      align: 'right',
      hide: 'tablet',
    },
    { id: 'domain', header: 'Domain', cell: domainOf, sort: domainOf, value: (row) => row.domain, hide: 'tablet' },
    {
      id: 'tags',
      header: 'Tags',
      cell: (row) => row.tags.join(', ') || NONE,
      value: (row) => row.tags.join(' '),
      hide: 'laptop',
    },
    {
      id: 'seen',
      header: 'Seen',
      cell: (row) => <Age at={row.lastSeenAt} />,
      sort: (row) => row.lastSeenAt ?? null,
      value: (row) => row.lastSeenAt,
      hide: 'tablet',
    },
    {
      id: 'show',
      header: '',
      cell: (row) => (
        <Button size="compact-xs" onClick={() => show(row.id)}>
          Show in graph
        </Button>
      ),
    },
  ];
}

function columnsOfEdges(model: Model, show: (id: string) => void): Column<GraphEdge>[] {
  const name = (slug: string) => {
    const node = model.nodes.get(slug);
    return node ? nameOf(node) : slug;
  };
  return [
    {
      id: 'from',
      header: 'From',
      cell: (row) => name(row.from),
      sort: (row) => name(row.from),
      value: (row) => row.from,
      grow: true,
    },
    {
      id: 'to',
      header: 'Needs',
      cell: (row) => name(row.to),
      sort: (row) => name(row.to),
      value: (row) => row.to,
    },
    { id: 'kind', header: 'Kind', cell: (row) => row.kind, sort: (row) => row.kind, value: (row) => row.kind },
    {
      id: 'strength',
      header: 'Strength',
      cell: (row) => share(row.strength),
      sort: (row) => row.strength,
      value: (row) => row.strength,
      align: 'right',
    },
    {
      id: 'sources',
      header: 'Known because',
      cell: (row) => row.sources?.join(', ') ?? NONE,
      value: (row) => row.sources?.join(' '),
      hide: 'phone',
    },
    {
      id: 'proof',
      header: 'Last proof',
      cell: (row) => (row.lastProofAt ? <Age at={row.lastProofAt} /> : NONE),
      sort: (row) => row.lastProofAt ?? null,
      value: (row) => row.lastProofAt,
      hide: 'phone',
    },
    {
      id: 'calls',
      header: 'Calls an hour',
      cell: (row) => formatNumber(row.calls),
      sort: (row) => row.calls ?? null,
      value: (row) => row.calls,
      align: 'right',
      hide: 'tablet',
    },
    {
      id: 'show',
      header: '',
      cell: (row) => (
        <Button size="compact-xs" onClick={() => show(row.id)}>
          Show in graph
        </Button>
      ),
    },
  ];
}
