import { Button } from '@mantine/core';
import type { Forecast, ForecastDetail } from '@orrery/protocol';
import { IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { forecastQuery } from '../queries.ts';
import { Age, Clock } from '../ui/Age.tsx';
import type { Limit } from '../ui/chart.ts';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { ExportMenu } from '../ui/ExportMenu.tsx';
import { State } from '../ui/Mark.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import { Segments } from '../ui/Segments.tsx';
import { TimeSeries } from '../ui/TimeSeries.tsx';
import classes from './Predictions.module.css';
import { amount, crossingText, errorOf, outlook, share, sideOf, whereOf } from './words.ts';

const HOUR = 3_600_000;

type Props = { id: string; name: Forecast | undefined; onClose: () => void };

/** One series: a week of it, the 72 hours ahead with their interval and limits, and how right its method was. */
export default function Prediction({ id, name, onClose }: Props) {
  const query = useQuery(forecastQuery(id));
  const [as, setAs] = useState<'chart' | 'table'>('chart');
  const forecast = query.data;
  const shown = forecast ?? name;
  const columns = useMemo(() => (forecast ? columnsOf(forecast) : []), [forecast]);
  return (
    <Panel
      title={shown ? shown.metric : 'Series'}
      note={
        shown && (
          <Link to="/projects/$slug" params={{ slug: shown.project }} search={{ tab: 'metrics', metric: shown.metric }}>
            {whereOf(shown)}
          </Link>
        )
      }
      tools={
        <>
          <Segments
            label="Show as"
            value={as}
            onChange={(next) => setAs(next === 'table' ? 'table' : 'chart')}
            options={[
              { value: 'chart', label: 'Chart' },
              { value: 'table', label: 'Table' },
            ]}
          />
          <ExportMenu name={`prediction-${id}`} columns={columns} rows={forecast?.points ?? []} />
          <Button variant="default" leftSection={<IconX size={14} />} onClick={onClose}>
            Close
          </Button>
        </>
      }
    >
      <QueryNote query={query} what="the forecast" />
      {query.isPending && <Waiting rows={8} what="the forecast" />}
      {forecast && (
        <>
          <p className={classes.outlook}>
            <State tone={outlook(forecast).tone}>{outlook(forecast).word}</State>
          </p>
          {forecast.crossings.map((crossing) => (
            <p key={`${crossing.at} ${crossingText(forecast, crossing)}`} className={classes.fact}>
              Expected around <Clock at={crossing.at} />, at the earliest around <Clock at={crossing.earliestAt} />.
            </p>
          ))}
          {forecast.points.length > 0 &&
            (as === 'chart' ? (
              <Chart forecast={forecast} />
            ) : (
              <DataTable label="Hours ahead" columns={columns} rows={forecast.points} rowId={(row) => row.at} />
            ))}
          <Quality forecast={forecast} />
        </>
      )}
    </Panel>
  );
}

function Chart({ forecast }: { forecast: ForecastDetail }) {
  const { measured, points, thresholds, metric } = forecast;
  const format = (value: number) => amount(forecast, value);
  const whole = [...measured.map(([at]) => at), ...points.map(({ at }) => at)].map((at) => Date.parse(at));
  const [span, setSpan] = useState<[number, number]>();
  const [from, to] = span ?? [Math.min(...whole), Math.max(...whole) + HOUR];
  const lines = useMemo(
    () => [
      { label: 'measured', points: measured },
      { label: 'expected', points: points.map(({ at, value }): [string, number] => [at, value]) },
      { label: 'at most', points: points.map(({ at, upper }): [string, number] => [at, upper]) },
      { label: 'at least', points: points.map(({ at, lower }): [string, number] => [at, lower]) },
    ],
    [measured, points],
  );
  const limits: Limit[] = thresholds.map((limit) => ({
    value: limit.above ?? limit.below ?? 0,
    label: `${limit.severity} ${sideOf(forecast, limit)}`,
    severity: limit.severity,
  }));
  return (
    <>
      <TimeSeries
        label={`${metric}: now ${amount(forecast, forecast.last)}, in 72 hours ${amount(forecast, forecast.expected)}. The same values are in the table view.`}
        lines={lines}
        from={from}
        to={to}
        step={HOUR}
        format={format}
        limits={limits}
        height={260}
        syncKey="prediction"
        band={BAND}
        onZoom={(start, end) => setSpan([start, end])}
      />
      {span && (
        <Button variant="default" size="compact-sm" onClick={() => setSpan(undefined)}>
          Whole span
        </Button>
      )}
    </>
  );
}

/** The places of "at most" and "at least" among the lines. */
const BAND = { upper: 2, lower: 3 } as const;

/** How right the method was on the past: what the forecast can be trusted with. */
function Quality({ forecast }: { forecast: ForecastDetail }) {
  const { method, origins, scores, coverage, level, backtestAt, madeAt, dataUntil, periods } = forecast;
  if (method === undefined) return null;
  const seasons = periods.map((hours) => (hours === 24 ? 'a day' : hours === 168 ? 'a week' : `${hours} h`));
  return (
    <dl className={classes.quality}>
      <div>
        <dt>Method</dt>
        <dd>
          {method}
          {seasons.length > 0 ? `, seasons: ${seasons.join(' and ')}` : ', no season found'}
        </dd>
      </div>
      <div>
        <dt>Error in the backtest</dt>
        <dd>
          {errorOf(forecast)} (1: as wrong as “as it was a day ago”)
          {forecast.smape !== undefined && `, ${forecast.smape.toFixed(1)}% sMAPE`}
        </dd>
      </div>
      <div>
        <dt>Held by its {share(level)} interval</dt>
        <dd>
          {share(coverage)} in {origins} backtests, <Age at={backtestAt ?? null} />
        </dd>
      </div>
      <div>
        <dt>Others tried</dt>
        <dd>
          {scores
            .filter((score) => score.method !== method)
            .map((score) => `${score.method} ${errorOf(score)}`)
            .join(', ') || 'none'}
        </dd>
      </div>
      <div>
        <dt>Made</dt>
        <dd>
          <Age at={madeAt ?? null} /> from what was measured until <Clock at={dataUntil ?? ''} />
        </dd>
      </div>
    </dl>
  );
}

type Point = ForecastDetail['points'][number];
const columnsOf = (forecast: ForecastDetail): Column<Point>[] => [
  { id: 'at', header: 'Hour', cell: (row) => <Clock at={row.at} />, value: (row) => row.at },
  ...(['lower', 'value', 'upper'] as const).map(
    (part): Column<Point> => ({
      id: part,
      header: { lower: 'At least', value: 'Expected', upper: 'At most' }[part],
      cell: (row) => amount(forecast, row[part]),
      value: (row) => row[part],
      align: 'right',
    }),
  ),
];
