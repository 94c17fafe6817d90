import type { AiUsage, AiUsageGroup, UsageBy } from '@orrery/protocol';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { aiForecastQuery } from '../queries.ts';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { ExportMenu } from '../ui/ExportMenu.tsx';
import { formatMs, formatNumber, formatPercent, NONE } from '../ui/format.ts';
import { Panel } from '../ui/Panel.tsx';
import type { RangeView } from '../ui/range.ts';
import { Segments } from '../ui/Segments.tsx';
import type { Sort } from '../ui/search.ts';
import { TimeSeries } from '../ui/TimeSeries.tsx';
import { usePutSearch } from '../ui/usePutSearch.ts';
import classes from './Ai.module.css';
import { BudgetBars } from './BudgetBars.tsx';
import { Failovers } from './Failovers.tsx';
import { Figure, Strip } from './Figure.tsx';
import { formatUsd } from './money.ts';
import { Providers } from './Providers.tsx';

const COLUMNS: readonly Column<AiUsageGroup>[] = [
  {
    id: 'name',
    header: 'Name',
    cell: (row) => row.name || 'none',
    sort: (row) => row.name,
    value: (row) => row.name,
    grow: true,
  },
  {
    id: 'calls',
    header: 'Calls',
    cell: (row) => formatNumber(row.calls),
    sort: (row) => row.calls,
    value: (row) => row.calls,
    align: 'right',
  },
  {
    id: 'success',
    header: 'Success',
    cell: (row) => formatPercent(row.successRate),
    sort: (row) => row.successRate,
    value: (row) => row.successRate,
    align: 'right',
  },
  {
    id: 'p50',
    header: 'p50',
    cell: (row) => formatMs(row.p50Ms),
    sort: (row) => row.p50Ms,
    value: (row) => row.p50Ms,
    align: 'right',
    hide: 'tablet',
  },
  {
    id: 'p95',
    header: 'p95',
    cell: (row) => formatMs(row.p95Ms),
    sort: (row) => row.p95Ms,
    value: (row) => row.p95Ms,
    align: 'right',
    hide: 'phone',
  },
  {
    id: 'p99',
    header: 'p99',
    cell: (row) => formatMs(row.p99Ms),
    sort: (row) => row.p99Ms,
    value: (row) => row.p99Ms,
    align: 'right',
    hide: 'tablet',
  },
  {
    id: 'in',
    header: 'Tokens in',
    cell: (row) => formatNumber(row.inputTokens),
    sort: (row) => row.inputTokens,
    value: (row) => row.inputTokens,
    align: 'right',
    hide: 'phone',
  },
  {
    id: 'out',
    header: 'Out',
    cell: (row) => formatNumber(row.outputTokens),
    sort: (row) => row.outputTokens,
    value: (row) => row.outputTokens,
    align: 'right',
    hide: 'tablet',
  },
  {
    id: 'failovers',
    header: 'Failovers',
    cell: (row) => row.failovers,
    sort: (row) => row.failovers,
    value: (row) => row.failovers,
    align: 'right',
    hide: 'laptop',
  },
  {
    id: 'cached',
    header: 'Cached',
    cell: (row) => row.cacheHits,
    sort: (row) => row.cacheHits,
    value: (row) => row.cacheHits,
    align: 'right',
    hide: 'laptop',
  },
  {
    id: 'cost',
    header: 'Cost',
    cell: (row) => (
      <span
        title={row.unpricedCalls > 0 ? `${row.unpricedCalls} calls without a known price are not in it` : undefined}
      >
        {formatUsd(row.costUsd)}
        {row.unpricedCalls > 0 && ' + unpriced'}
      </span>
    ),
    sort: (row) => row.costUsd,
    value: (row) => row.costUsd,
    align: 'right',
  },
];

const BY: { value: UsageBy; label: string }[] = [
  { value: 'provider', label: 'Provider' },
  { value: 'model', label: 'Model' },
  { value: 'tenant', label: 'Tenant' },
  { value: 'project', label: 'Project' },
  { value: 'intent', label: 'Intent' },
  { value: 'key', label: 'Key' },
];

type Props = { usage: AiUsage; by: UsageBy; range: RangeView };

export function Usage({ usage, by, range }: Props) {
  const put = usePutSearch();
  const [sort, setSort] = useState<Sort>({ id: 'cost', desc: true });
  const { total, groups } = usage;
  // Without a call there is nothing to draw; who could be asked, and for how much, is there all the same.
  const isEmpty = total.calls === 0;
  return (
    <>
      {!isEmpty && <KeyFigures total={total} />}
      {!isEmpty && (
        <div className={classes.two}>
          <Chart usage={usage} range={range} title="Cost" pick={(point) => point.costUsd} format={formatUsd} />
          <Chart usage={usage} range={range} title="Latency, p95" pick={(point) => point.p95Ms} format={formatMs} />
        </div>
      )}
      <div className={classes.wide}>
        <div className={classes.column}>
          {!isEmpty && (
            <Panel
              title="Usage"
              tools={
                <>
                  <Segments
                    label="By"
                    value={by}
                    options={BY}
                    onChange={(next) => put({ by: next === 'provider' ? undefined : next })}
                  />
                  <ExportMenu name={`ai-usage-by-${by}`} columns={COLUMNS} rows={groups} />
                </>
              }
              flush
            >
              <DataTable
                label={`Usage by ${by}`}
                columns={COLUMNS}
                rows={groups}
                rowId={(row) => row.name || 'none'}
                sort={sort}
                onSort={setSort}
              />
            </Panel>
          )}
          <Providers />
        </div>
        <div className={classes.column}>
          <BudgetBars />
          <Failovers range={range} />
        </div>
      </div>
    </>
  );
}

function KeyFigures({ total }: { total: AiUsageGroup }) {
  const { data: bill } = useQuery(aiForecastQuery);
  const failed = total.successRate !== null && total.successRate < 95;
  return (
    <Strip label="Key numbers of AI">
      <Figure
        name="Calls"
        value={formatNumber(total.calls)}
        note={total.refused > 0 ? `${total.refused} refused` : undefined}
      />
      <Figure
        name="Success"
        value={formatPercent(total.successRate)}
        tone={failed ? 'bad' : undefined}
        note={total.failovers > 0 ? `${total.failovers} failovers` : undefined}
      />
      <Figure name="Latency, p95" value={formatMs(total.p95Ms)} note={`p50 ${formatMs(total.p50Ms)}`} />
      <Figure
        name="Tokens"
        value={formatNumber(total.inputTokens + total.outputTokens)}
        note={`${formatNumber(total.outputTokens)} out`}
      />
      <Figure
        name="Cost"
        value={formatUsd(total.costUsd)}
        note={total.unpricedCalls > 0 ? `${total.unpricedCalls} calls unpriced` : undefined}
      />
      <Figure
        name="This month"
        value={bill?.expectedUsd == null ? formatUsd(bill?.soFarUsd) : formatUsd(bill.expectedUsd)}
        note={
          bill === undefined
            ? NONE
            : bill.expectedUsd === null
              ? 'so far'
              : `${formatUsd(bill.lowUsd)} to ${formatUsd(bill.highUsd)}, ${formatUsd(bill.soFarUsd)} so far`
        }
      />
    </Strip>
  );
}

type ChartProps = {
  usage: AiUsage;
  range: RangeView;
  title: string;
  pick: (point: AiUsage['series'][number]) => number | null;
  format: (value: number) => string;
};
const HOUR = 3_600_000;

function Chart({ usage, range, title, pick, format }: ChartProps) {
  const lines = useMemo(() => {
    const points = usage.series.flatMap((point) => {
      const value = pick(point);
      return value === null ? [] : [[point.at, value] as const];
    });
    return [{ label: '', points }];
  }, [usage.series, pick]);
  const values = lines.flatMap((line) => line.points.map(([, value]) => value));
  const most = values.length > 0 ? format(Math.max(...values)) : NONE;
  return (
    <Panel title={title} note={range.to - range.from > 8 * 24 * HOUR ? 'by day' : 'by hour'}>
      <TimeSeries
        label={`${title} over time; at most ${most}. The same figures are in the usage table.`}
        lines={lines}
        from={range.from}
        to={range.to}
        step={HOUR}
        format={format}
        syncKey="ai"
        onZoom={range.zoom}
        height={150}
      />
    </Panel>
  );
}
