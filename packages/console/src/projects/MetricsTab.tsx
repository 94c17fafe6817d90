import { Button, TextInput } from '@mantine/core';
import type { FedMetrics, ThresholdDeclaration } from '@orrery/protocol';
import { IconDownload, IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { lazy, Suspense, useMemo } from 'react';
import { metricsQuery } from '../queries.ts';
import type { Limit } from '../ui/chart.ts';
import { Empty } from '../ui/Empty.tsx';
import { saveText, toCsv } from '../ui/export.ts';
import { formatMetric } from '../ui/format.ts';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import { RangePicker } from '../ui/RangeSwitch.tsx';
import type { RangeView } from '../ui/range.ts';
import { Segments } from '../ui/Segments.tsx';
import { Snippets } from '../ui/Snippet.tsx';
import { TimeSeries } from '../ui/TimeSeries.tsx';
import { useInView } from '../ui/useInView.ts';
import { usePutSearch } from '../ui/usePutSearch.ts';
import { type Chart, firstDrawn, toCharts } from './charts.ts';
import classes from './MetricsTab.module.css';
import { sdkSnippets } from './snippets.ts';

const MetricsTable = lazy(() => import('./MetricsTable.tsx'));
const route = getRouteApi('/desk/projects/$slug');
const NO_METRICS: FedMetrics['series'] = [];

type Props = { slug: string; range: RangeView; thresholds: readonly ThresholdDeclaration[] };

/** Every metric of the project over the page's range; one cursor and one span for all of them. */
export default function MetricsTab({ slug, range, thresholds }: Props) {
  const search = route.useSearch();
  const { from, to, step } = range;
  const query = useQuery(metricsQuery(slug, { key: ['*'], from, to, step }));
  const series = query.data?.series ?? NO_METRICS;
  const charts = useMemo(() => toCharts(series, search.metric), [series, search.metric]);
  const start = range.range.kind === 'last' ? firstDrawn(charts, from, to, step) : from;
  const put = usePutSearch();

  const exportCsv = () => {
    const rows = charts.flatMap((chart) =>
      chart.lines.flatMap((line) => line.points.map(([at, value]) => [at, chart.key, line.label, value])),
    );
    saveText(`${slug}-metrics.csv`, 'text/csv;charset=utf-8', toCsv(['at', 'metric', 'series', 'value'], rows));
  };

  return (
    <>
      <div className={classes.tools}>
        <TextInput
          aria-label="Filter metrics"
          placeholder="Filter metrics"
          leftSection={<IconSearch size={14} />}
          defaultValue={search.metric ?? ''}
          onChange={(event) => put({ metric: event.currentTarget.value || undefined })}
        />
        <Segments
          label="Show as"
          value={search.as ?? 'charts'}
          onChange={(as) => put({ as: as === 'table' ? 'table' : undefined })}
          options={[
            { value: 'charts', label: 'Charts' },
            { value: 'table', label: 'Table' },
          ]}
        />
        <Button leftSection={<IconDownload size={14} />} onClick={exportCsv} disabled={charts.length === 0}>
          CSV
        </Button>
        <Link to="/predictions" search={{ project: slug }} className={classes.link}>
          Predictions
        </Link>
        <div className={classes.ranges}>
          <RangePicker view={range} />
        </div>
      </div>
      <QueryNote query={query} what="the metrics" />
      {query.isPending && <Waiting rows={8} what="the metrics" />}
      {query.data && series.length === 0 && <NoMetrics slug={slug} />}
      {query.data && series.length > 0 && charts.length === 0 && (
        <Empty title={`No metric is called like "${search.metric}"`} />
      )}
      {search.as === 'table' ? (
        charts.length > 0 && (
          <Suspense fallback={<Waiting rows={8} what="the table" />}>
            <MetricsTable charts={charts} />
          </Suspense>
        )
      ) : (
        <div className={classes.grid}>
          {charts.map((chart) => (
            <ChartPanel
              key={chart.key}
              chart={chart}
              range={range}
              start={start}
              limits={limitsOf(chart, thresholds)}
              syncKey={`project-${slug}`}
            />
          ))}
        </div>
      )}
    </>
  );
}

type ChartProps = { chart: Chart; range: RangeView; start: number; limits: readonly Limit[]; syncKey: string };

function ChartPanel({ chart, range, start, limits, syncKey }: ChartProps) {
  const [box, seen] = useInView<HTMLDivElement>();
  const format = useMemo(() => (value: number) => formatMetric(chart.key, chart.unit, value), [chart.key, chart.unit]);
  return (
    <div ref={box} className={classes.chart}>
      <Panel title={chart.key} note={chart.hidden > 0 ? `${chart.hidden} more series in the table` : undefined}>
        <div className={classes.frame}>
          {seen && (
            <TimeSeries
              label={describe(chart, format)}
              lines={chart.lines}
              from={start}
              to={range.to}
              step={range.step}
              format={format}
              limits={limits}
              syncKey={syncKey}
              onZoom={range.zoom}
            />
          )}
        </div>
      </Panel>
    </div>
  );
}

/** A chart in words: newest, lowest and highest of each line. */
function describe(chart: Chart, format: (value: number) => string): string {
  const lines = chart.lines.slice(0, 4).map((line) => {
    const values = line.points.map(([, value]) => value);
    const newest = values.at(-1);
    if (newest === undefined) return `${line.label || 'no values'}`;
    const low = values.reduce((a, b) => Math.min(a, b));
    const high = values.reduce((a, b) => Math.max(a, b));
    return `${line.label ? `${line.label}: ` : ''}now ${format(newest)}, from ${format(low)} to ${format(high)}`;
  });
  return `${chart.key}. ${lines.join('; ')}. The same values are in the table view.`;
}

function limitsOf(chart: Chart, thresholds: readonly ThresholdDeclaration[]): Limit[] {
  return thresholds
    .filter((threshold) => threshold.metric === chart.key)
    .map((threshold) => {
      const value = threshold.above ?? threshold.below ?? 0;
      const side = threshold.above === undefined ? 'below' : 'above';
      return {
        value,
        label: `${threshold.severity} ${side} ${formatMetric(chart.key, chart.unit, value)}`,
        severity: threshold.severity,
      };
    });
}

function NoMetrics({ slug }: { slug: string }) {
  return (
    <Panel title="Metrics" flush>
      <Empty title="No samples in this range">
        <p>
          The hub records <code>probe.up</code> and <code>probe.latency_ms</code> of every check by itself. Latency,
          errors, queries, memory and numbers of your own come from the product, through the SDK or{' '}
          <code>GET /api/metrics</code>.
        </p>
        <Snippets label="The SDK by framework" choices={sdkSnippets({ hub: location.origin, slug })} />
      </Empty>
    </Panel>
  );
}
