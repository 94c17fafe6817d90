import { useComputedColorScheme } from '@mantine/core';
import { useStoreApi } from '@xyflow/react';
import { memo, useEffect, useMemo, useRef } from 'react';
import type { Detail } from './detail.ts';
import classes from './EdgeLayer.module.css';

export type Stroke = { d: string; step: 'strong' | 'middle' | 'weak' };

/** Widths on the map and how opaque, as the lines of a small map have them in CSS. */
const LOOK = { strong: [2.6, 1], middle: [1.4, 0.75], weak: [1, 0.5] } as const;
const NEAR: Record<Detail, number> = { card: 1, chip: 2.4, dot: 5 };
/** So much of the view's size is drawn beyond each of its sides, to have it when the view moves. */
const MARGIN = 0.3;
const SETTLED_MS = 120;

type Transform = readonly [x: number, y: number, zoom: number];

/**
 * Lines of a big map as one picture. While the view moves the picture is only shifted and scaled, and drawn anew where the view has
 * come to rest or has left it: thousands of vector lines under a moving view cost a second a frame without a graphics card.
 */
export const EdgeCanvas = memo(function EdgeCanvas({ strokes, detail }: { strokes: Stroke[]; detail: Detail }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const store = useStoreApi();
  const scheme = useComputedColorScheme('dark');
  const paths = useMemo(() => strokes.map(({ d, step }) => ({ path: new Path2D(d), step })), [strokes]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours are read anew with another scheme.
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (!element || !context) return;
    let drawn: { at: Transform; width: number; height: number } | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let frame = 0;

    const draw = () => {
      const { transform: at, width, height } = store.getState();
      const [left, top] = [Math.round(width * MARGIN), Math.round(height * MARGIN)];
      const density = Math.min(window.devicePixelRatio, 2);
      const [wide, high] = [(width + 2 * left) * density, (height + 2 * top) * density];
      if (element.width !== wide || element.height !== high) {
        element.width = wide;
        element.height = high;
        Object.assign(element.style, {
          ...{ width: `${width + 2 * left}px`, height: `${height + 2 * top}px` },
          ...{ left: `${-left}px`, top: `${-top}px` },
        });
      }
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, element.width, element.height);
      const [x, y, zoom] = at;
      context.setTransform(density * zoom, 0, 0, density * zoom, density * (x + left), density * (y + top));
      context.strokeStyle = getComputedStyle(element).color;
      for (const { path, step } of paths) {
        const [lineWidth, opacity] = LOOK[step];
        context.lineWidth = lineWidth * NEAR[detail];
        context.globalAlpha = opacity;
        context.stroke(path);
      }
      drawn = { at, width, height };
      element.style.transform = '';
    };
    const follow = () => {
      const { transform, width, height } = store.getState();
      if (!drawn) return;
      const [left, top] = [drawn.width * MARGIN, drawn.height * MARGIN];
      const scale = transform[2] / drawn.at[2];
      // The picture's origin is its own corner, which stands a margin beyond the view's.
      const x = transform[0] - (drawn.at[0] + left) * scale + left;
      const y = transform[1] - (drawn.at[1] + top) * scale + top;
      element.style.transform = `matrix(${scale}, 0, 0, ${scale}, ${x}, ${y})`;
      const [right, bottom] = [(drawn.width + 2 * left) * scale, (drawn.height + 2 * top) * scale];
      const covers = x <= left && y <= top && x + right - left >= width && y + bottom - top >= height;
      clearTimeout(timer);
      timer = setTimeout(draw, SETTLED_MS);
      if (covers || frame !== 0) return;
      frame = requestAnimationFrame(() => {
        frame = 0;
        draw();
      });
    };
    draw();
    const stop = store.subscribe((state, before) => {
      if (state.width !== before.width || state.height !== before.height) draw();
      else if (state.transform !== before.transform) follow();
    });
    return () => {
      stop();
      clearTimeout(timer);
      cancelAnimationFrame(frame);
    };
  }, [store, paths, detail, scheme]);
  return <canvas ref={canvas} className={classes.picture} />;
});
