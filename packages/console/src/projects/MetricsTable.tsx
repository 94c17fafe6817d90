import { useMemo, useState } from 'react';
import { Clock } from '../ui/Age.tsx';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { formatMetric } from '../ui/format.ts';
import { Panel } from '../ui/Panel.tsx';
import type { Sort } from '../ui/search.ts';
import type { Chart } from './charts.ts';

type Point = { id: string; at: string; metric: string; series: string; unit: string | undefined; value: number };

const COLUMNS: Column<Point>[] = [
  { id: 'at', header: 'Time', cell: (row) => <Clock at={row.at} />, sort: (row) => row.at },
  { id: 'metric', header: 'Metric', cell: (row) => row.metric, sort: (row) => row.metric, grow: true },
  { id: 'series', header: 'Series', cell: (row) => row.series || '–', sort: (row) => row.series, hide: 'phone' },
  {
    id: 'value',
    header: 'Value',
    cell: (row) => formatMetric(row.metric, row.unit, row.value),
    sort: (row) => row.value,
    align: 'right',
  },
];

/** The same values as the charts, row by row. */
export default function MetricsTable({ charts }: { charts: readonly Chart[] }) {
  const [sort, setSort] = useState<Sort>({ id: 'at', desc: true });
  const rows = useMemo(
    () =>
      charts.flatMap((chart) =>
        chart.lines.flatMap((line) =>
          line.points.map(([at, value]) => ({
            id: `${chart.key} ${line.label} ${at}`,
            at,
            metric: chart.key,
            series: line.label,
            unit: chart.unit,
            value,
          })),
        ),
      ),
    [charts],
  );
  return (
    <Panel title="Values" note={`${rows.length} rows`} flush>
      <DataTable
        label="Metric values"
        columns={COLUMNS}
        rows={rows}
        rowId={(row) => row.id}
        sort={sort}
        onSort={setSort}
      />
    </Panel>
  );
}
