import type { Severity } from '@orrery/protocol';
import type { RefObject } from 'react';
import uPlot from 'uplot';
import type { Columns } from './series.ts';

/** A line that somebody drew: the value a threshold watches. */
export type Limit = { value: number; label: string; severity: Severity };

/** The lines at these places are the edges of an interval. */
export type Band = { readonly upper: number; readonly lower: number };

type Now = {
  columns: Columns;
  from: number;
  to: number;
  format: (value: number) => string;
  limits?: readonly Limit[] | undefined;
  onZoom: (from: number, to: number) => void;
  height: number;
};

type Parts = {
  names: readonly string[];
  syncKey: string;
  host: HTMLElement;
  now: RefObject<Now>;
  onCursor: (index: number | null) => void;
  band?: Band | undefined;
};

const COLOURS = ['--data', '--data-2', '--data-3', '--data-4', '--data-5', '--data-6'];
const FONT = '11px "Inter Variable", sans-serif';

/** uPlot's options for the desk: quiet grid, tokens for colours, 24-hour clock, drag to zoom, cursor shared by key. */
export function chartOptions({ names, syncKey, host, now, onCursor, band }: Parts): uPlot.Options {
  const style = getComputedStyle(host);
  const token = (name: string) => style.getPropertyValue(name).trim();
  const axis = { stroke: token('--ink-3'), font: FONT, ticks: { show: false } };
  const grid = { stroke: token('--line'), width: 1 };
  return {
    width: Math.max(120, Math.floor(host.clientWidth)),
    height: now.current.height,
    ms: 1,
    legend: { show: false },
    padding: [8, 18, 0, 0],
    cursor: {
      y: false,
      drag: { x: true, y: false, setScale: false },
      points: { size: 6 },
      // Others follow the cursor only: a drag belongs to the chart it started in.
      sync: { key: syncKey, setSeries: false, filters: { pub: isMove, sub: isMove } },
    },
    scales: {
      x: { time: true, range: () => [now.current.from, now.current.to] },
      y: { range: (_plot, min, max) => yRange(min, max, now.current.limits) },
    },
    axes: [
      { ...axis, grid: { show: false }, space: 70, size: 26, values: (_plot, splits) => clockLabels(splits) },
      {
        ...axis,
        grid,
        space: 32,
        size: (_plot, values) => 14 + Math.max(0, ...(values ?? []).map((text) => text.length)) * 6.2,
        values: (_plot, splits) => splits.map((value) => now.current.format(value)),
      },
    ],
    ...(band ? { bands: [{ series: [band.upper + 1, band.lower + 1], fill: token('--data-soft') }] } : {}),
    series: [
      {},
      ...names.map((label, place) => ({
        label,
        stroke: token(COLOURS[place % COLOURS.length] ?? '--data'),
        width: place === band?.upper || place === band?.lower ? 0.7 : 1.4,
        ...(place >= COLOURS.length ? { dash: [5, 4] } : {}),
        ...(names.length === 1 ? { fill: token('--data-soft') } : {}),
        points: { show: onlyLonely },
      })),
    ],
    hooks: {
      setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width > 4) now.current.onZoom(plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x'));
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
      draw: [(plot) => drawLimits(plot, now.current.limits ?? [], token)],
    },
  };
}

const isMove = (type: string) => type === 'mousemove' || type === 'mouseleave';

/** From zero upwards unless something is below it; a limit that is near stays in sight. */
function yRange(min: number | null, max: number | null, limits: readonly Limit[] = []): [number, number] {
  const low = Math.min(0, min ?? 0);
  let high = Math.max(max ?? 0, low);
  for (const { value } of limits) if (value > high && value < high * 4) high = value;
  return [low, high === low ? low + 1 : high + (high - low) * 0.08];
}

/** One or two values make no line; they get dots. */
const onlyLonely: uPlot.Series.Points.Show = (plot, series) => {
  let known = 0;
  for (const value of plot.data[series] ?? []) if (typeof value === 'number') known += 1;
  return known > 0 && known < 3;
};

function clockLabels(splits: number[]): string[] {
  let day = '';
  return splits.map((split, index) => {
    const date = new Date(split);
    const today = date.toDateString();
    const time = `${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`;
    const newDay = index > 0 && day !== today;
    day = today;
    if (!newDay && time !== '00:00') return time;
    return `${date.getDate()} ${date.toLocaleString('en', { month: 'short' })}`;
  });
}

function drawLimits(plot: uPlot, limits: readonly Limit[], token: (name: string) => string): void {
  const { ctx, bbox } = plot;
  const ratio = uPlot.pxRatio;
  for (const limit of limits) {
    const y = plot.valToPos(limit.value, 'y', true);
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.save();
    ctx.strokeStyle = token(
      limit.severity === 'critical' ? '--bad' : limit.severity === 'warning' ? '--warn' : '--none',
    );
    ctx.fillStyle = ctx.strokeStyle;
    ctx.lineWidth = ratio;
    ctx.setLineDash([5 * ratio, 4 * ratio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.font = FONT.replace('11px', `${11 * ratio}px`);
    ctx.textAlign = 'left';
    ctx.textBaseline = 'bottom';
    ctx.fillText(limit.label, bbox.left + 6 * ratio, y - 3 * ratio);
    ctx.restore();
  }
}
