import classes from './Sparkline.module.css';
import type { Tone } from './state.ts';

type Props = { values: readonly (number | null)[]; label: string; tone?: Tone; height?: number };

const WIDTH = 100;

/** The outline of a series without axes. A gap stays a gap; no colour but the state's. */
export function Sparkline({ values, label, tone = 'ok', height = 40 }: Props) {
  const known = values.filter((value): value is number => value !== null);
  const top = Math.max(...known, 0);
  const step = WIDTH / Math.max(1, values.length - 1);
  const y = (value: number) => (top === 0 ? height - 1 : height - 1 - (value / (top * 1.12)) * (height - 2));
  const runs: [number, number][][] = [];
  let run: [number, number][] = [];
  values.forEach((value, index) => {
    if (value === null) {
      if (run.length > 0) runs.push(run);
      run = [];
    } else run.push([index * step, y(value)]);
  });
  if (run.length > 0) runs.push(run);
  const lines = runs.map((points) =>
    points.length === 1
      ? `M${points[0]?.map((part) => part.toFixed(2)).join(' ')}h0.6`
      : `M${points.map(([x, value]) => `${x.toFixed(2)} ${value.toFixed(2)}`).join('L')}`,
  );
  const areas = runs.map((points, index) => {
    const first = points[0]?.[0] ?? 0;
    const last = points.at(-1)?.[0] ?? 0;
    return `${lines[index]}L${last.toFixed(2)} ${height}L${first.toFixed(2)} ${height}Z`;
  });
  return (
    <svg
      className={classes.spark}
      data-tone={known.length === 0 ? 'none' : tone}
      viewBox={`0 0 ${WIDTH} ${height}`}
      preserveAspectRatio="none"
      style={{ height }}
      role="img"
      aria-label={label}
    >
      {known.length === 0 ? (
        <path className={classes.line} d={`M0 ${height - 6}H${WIDTH}`} />
      ) : (
        <>
          <path className={classes.area} d={areas.join('')} />
          <path className={classes.line} d={lines.join('')} />
        </>
      )}
    </svg>
  );
}
