import { ViewportPortal } from '@xyflow/react';
import { memo, type RefObject, useEffect, useMemo } from 'react';
import type { Detail } from './detail.ts';
import { EdgeCanvas, type Stroke } from './EdgeCanvas.tsx';
import classes from './EdgeLayer.module.css';
import { curve } from './paths.ts';
import { CARD, type Point } from './settle.ts';
import type { Line, View } from './view.ts';

/** Up to so many lines each is an element that a pointer can hit; more are one picture. The table lists them all. */
const HITTABLE = 500;
const REACH: Record<Detail, number> = { card: 8, chip: 16, dot: 30 };

/** How each line is drawn, by its id: what is lit is drawn once more on top. */
export type Drawn = RefObject<ReadonlyMap<string, string>>;
type Props = {
  view: View;
  at: (id: string) => Point | undefined;
  selected: string | undefined;
  onSelect: (id: string) => void;
  detail: Detail;
  drawn: Drawn;
};

const stepOf = ({ strength }: Line): Stroke['step'] =>
  strength >= 0.66 ? 'strong' : strength >= 0.33 ? 'middle' : 'weak';

/** All lines beneath the projects, in one drawing or one picture: far lighter than an element tree for each. */
export const EdgeLayer = memo(function EdgeLayer({ view, at, selected, onSelect, detail, drawn }: Props) {
  const curves = useMemo(() => {
    const middle = new Map<string, Point | undefined>();
    for (const { id, place, size } of view.groups) middle.set(id, { x: place.x + size.x / 2, y: place.y + size.y / 2 });
    const middleOf = (id: string) => {
      if (!middle.has(id)) {
        const place = at(id);
        middle.set(id, place && { x: place.x + CARD.width / 2, y: place.y + CARD.height / 2 });
      }
      return middle.get(id);
    };
    const all = new Map<string, string>();
    for (const { id, from, to, bend } of view.lines) {
      const [a, b] = [middleOf(from), middleOf(to)];
      if (a && b) all.set(id, curve(a, b, bend, REACH[detail]));
    }
    return all;
  }, [view, at, detail]);
  useEffect(() => {
    drawn.current = curves;
  }, [drawn, curves]);
  const single = view.lines.length <= HITTABLE;
  const strokes = useMemo(
    () => (single ? [] : view.lines.map((line): Stroke => ({ d: curves.get(line.id) ?? '', step: stepOf(line) }))),
    [single, view, curves],
  );
  return (
    <>
      {!single && <EdgeCanvas strokes={strokes} detail={detail} />}
      <ViewportPortal>
        <svg className={classes.layer} aria-hidden="true" focusable="false">
          {single
            ? view.lines.map((line) => (
                <OneLine
                  key={line.id}
                  line={line}
                  d={curves.get(line.id)}
                  selected={line.id === selected}
                  onSelect={line.edge ? onSelect : undefined}
                />
              ))
            : selected && <path className={classes.line} data-selected d={curves.get(selected)} />}
          <path className={classes.lit} data-lit-lines d="" />
        </svg>
      </ViewportPortal>
    </>
  );
});

type LineProps = {
  line: Line;
  d: string | undefined;
  selected: boolean;
  onSelect: ((id: string) => void) | undefined;
};

const same = (a: LineProps, b: LineProps) =>
  a.d === b.d &&
  a.selected === b.selected &&
  a.onSelect === b.onSelect &&
  a.line.id === b.line.id &&
  a.line.strength === b.line.strength;

const OneLine = memo(function OneLine({ line, d, selected, onSelect }: LineProps) {
  if (d === undefined) return null;
  return (
    <g>
      {onSelect && (
        // biome-ignore lint/a11y/noStaticElementInteractions: the table and the side panel list each edge for the keyboard.
        <path className={classes.hit} d={d} data-line={line.id} onClick={() => onSelect(line.id)}>
          <title>{`${line.from} needs ${line.to} · ${line.kind} · strength ${line.strength.toFixed(2)}`}</title>
        </path>
      )}
      <path
        className={classes.line}
        data-kind={line.kind}
        data-step={stepOf(line)}
        data-selected={selected || undefined}
        d={d}
      />
    </g>
  );
}, same);
