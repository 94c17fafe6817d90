import { ViewportPortal } from '@xyflow/react';
import { memo, useMemo } from 'react';
import type { Detail } from './detail.ts';
import classes from './EdgeLayer.module.css';
import { curve } from './paths.ts';
import { CARD, type Point } from './settle.ts';
import type { Line, View } from './view.ts';

/** Lines can be hit with a pointer as long as there are no more than this; the table lists them all. */
const HITTABLE = 500;
const REACH: Record<Detail, number> = { card: 8, chip: 16, dot: 30 };

type Props = {
  view: View;
  at: (id: string) => Point | undefined;
  selected: string | undefined;
  onSelect: (id: string) => void;
  detail: Detail;
};

/** All lines in one drawing beneath the projects: far lighter than an element tree for each. */
export const EdgeLayer = memo(function EdgeLayer({ view, at, selected, onSelect, detail }: Props) {
  const middles = useMemo(() => {
    const groups = new Map(
      view.groups.map(({ id, place, size }) => [id, { x: place.x + size.x / 2, y: place.y + size.y / 2 }]),
    );
    return (id: string): Point | undefined => {
      const group = groups.get(id);
      if (group) return group;
      const place = at(id);
      return place && { x: place.x + CARD.width / 2, y: place.y + CARD.height / 2 };
    };
  }, [view, at]);
  const hittable = view.lines.length <= HITTABLE;
  return (
    <ViewportPortal>
      <svg className={classes.layer} aria-hidden="true" focusable="false">
        {view.lines.map((line) => (
          <LinePath
            key={line.id}
            line={line}
            from={middles(line.from)}
            to={middles(line.to)}
            reach={REACH[detail]}
            selected={line.id === selected}
            onSelect={hittable && line.edge ? onSelect : undefined}
          />
        ))}
      </svg>
    </ViewportPortal>
  );
});

type LineProps = {
  line: Line;
  from: Point | undefined;
  to: Point | undefined;
  reach: number;
  selected: boolean;
  onSelect: ((id: string) => void) | undefined;
};

const same = (a: LineProps, b: LineProps) =>
  a.from?.x === b.from?.x &&
  a.from?.y === b.from?.y &&
  a.to?.x === b.to?.x &&
  a.to?.y === b.to?.y &&
  a.reach === b.reach &&
  a.selected === b.selected &&
  a.onSelect === b.onSelect &&
  a.line.id === b.line.id &&
  a.line.strength === b.line.strength &&
  a.line.count === b.line.count &&
  a.line.bend === b.line.bend;

const LinePath = memo(function LinePath({ line, from, to, reach, selected, onSelect }: LineProps) {
  if (!from || !to) return null;
  const { d, arrow } = curve(from, to, line.bend, reach);
  const step = line.strength >= 0.66 ? 'strong' : line.strength >= 0.33 ? 'middle' : 'weak';
  const pick = onSelect && (() => onSelect(line.id));
  return (
    <g
      className={classes.line}
      data-line={line.id}
      data-kind={line.kind}
      data-step={step}
      data-many={line.count > 1 || undefined}
      data-selected={selected || undefined}
    >
      {pick && (
        // biome-ignore lint/a11y/noStaticElementInteractions: the table and the side panel list each edge for the keyboard.
        <path className={classes.hit} d={d} onClick={pick}>
          <title>{`${line.from} needs ${line.to} · ${line.kind} · strength ${line.strength.toFixed(2)}`}</title>
        </path>
      )}
      <path className={classes.path} d={d} />
      <path className={classes.arrow} d={arrow} />
    </g>
  );
}, same);
