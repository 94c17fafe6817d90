import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { type Band, chartOptions, type Limit } from './chart.ts';
import { formatClock, formatUtc, NONE } from './format.ts';
import { alignSeries, type Line } from './series.ts';
import classes from './TimeSeries.module.css';

export type TimeSeriesProps = {
  /** What is drawn, for people who cannot see it. */
  label: string;
  lines: readonly Line[];
  from: number;
  to: number;
  step: number;
  format: (value: number) => string;
  limits?: readonly Limit[] | undefined;
  height?: number;
  /** Two lines (by their place) with what lies between them filled: an interval. */
  band?: Band | undefined;
  /** Charts with the same key share their cursor. */
  syncKey: string;
  onZoom: (from: number, to: number) => void;
};

/** The one chart of the console: lines over time with a shared cursor; dragging picks a span. */
export function TimeSeries(props: TimeSeriesProps) {
  const { lines, from, to, step, format, limits, height = 168, syncKey, onZoom, label, band } = props;
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(undefined);
  const [at, setAt] = useState<number | null>(null);
  const scheme = useComputedColorScheme('dark');
  const columns = useMemo(() => alignSeries(lines, step), [lines, step]);
  const names = lines.map((line) => line.label).join('\n');

  // What changes often (data, range, handlers) is read through a ref; only a new shape or theme builds the chart anew.
  const now = useRef({ columns, from, to, format, limits, onZoom, height });
  now.current = { columns, from, to, format, limits, onZoom, height };

  // biome-ignore lint/correctness/useExhaustiveDependencies: the chart is built for these three; the rest is updated below.
  useEffect(() => {
    const host = box.current;
    if (!host) return;
    let gone = false;
    let made: uPlot | undefined;
    const observer = new ResizeObserver(([entry]) => {
      if (entry && made) made.setSize({ width: Math.floor(entry.contentRect.width), height: now.current.height });
    });
    const build = () => {
      if (gone) return;
      const options = chartOptions({ names: names.split('\n'), syncKey, host, now, onCursor: setAt, band });
      made = new uPlot(options, dataOf(now.current.columns), host);
      chart.current = made;
      observer.observe(host);
    };
    // A canvas painted before its font has arrived would keep the fallback's letters.
    document.fonts.load('11px "Inter Variable"').then(build, build);
    return () => {
      gone = true;
      observer.disconnect();
      made?.destroy();
      chart.current = undefined;
    };
  }, [names, scheme, syncKey, band]);

  useEffect(() => {
    const made = chart.current;
    if (!made) return;
    made.setData(dataOf(columns), false);
    made.setScale('x', { min: from, max: to });
  }, [columns, from, to]);

  const index = at === null || at >= columns.times.length ? null : at;
  return (
    <figure className={classes.figure}>
      <div className={classes.top}>
        <Legend lines={lines} columns={columns.values} index={index} format={format} />
        <span className={classes.when}>
          {index !== null &&
            `${formatClock(columns.times[index] ?? 0, Date.now())} · ${formatUtc(columns.times[index] ?? 0).slice(11)}`}
        </span>
      </div>
      <div ref={box} className={classes.plot} style={{ height }} role="img" aria-label={label} />
    </figure>
  );
}

const dataOf = (columns: { times: number[]; values: (number | null)[][] }): uPlot.AlignedData => [
  columns.times,
  ...columns.values,
];

type LegendProps = {
  lines: readonly Line[];
  columns: readonly (readonly (number | null)[])[];
  index: number | null;
  format: (value: number) => string;
};

/** Names with the value under the cursor, or the newest one. */
function Legend({ lines, columns, index, format }: LegendProps) {
  return (
    <ul className={classes.legend} aria-label="Legend">
      {lines.map((line, place) => {
        const column = columns[place] ?? [];
        const value = index === null ? column.findLast((each) => each !== null) : column[index];
        return (
          <li key={line.label}>
            <span className={classes.swatch} data-line={place % 6} data-dashed={place >= 6} />
            {lines.length > 1 || line.label !== '' ? <span className={classes.name}>{line.label}</span> : null}
            <span className={classes.value}>{typeof value === 'number' ? format(value) : NONE}</span>
          </li>
        );
      })}
    </ul>
  );
}
