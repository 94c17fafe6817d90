import type { Point } from './settle.ts';

const r = (value: number) => Math.round(value * 10) / 10;

/** A slightly bowed line from one middle to another with its arrow, as one drawing. Both ways between two bow apart. */
export function curve(from: Point, to: Point, bend: number, reach: number): string {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const [cx, cy] = [(from.x + to.x) / 2 - dy * bend, (from.y + to.y) / 2 + dx * bend];
  // The arrow stands in the middle, where the curve is (from + 2·control + to) / 4 and as steep as the straight line.
  const [mx, my] = [(from.x + 2 * cx + to.x) / 4, (from.y + 2 * cy + to.y) / 4];
  const length = Math.hypot(dx, dy) || 1;
  const [ux, uy] = [(dx / length) * reach, (dy / length) * reach];
  const wing = (side: number) => `${r(mx - ux - side * uy * 0.6)} ${r(my - uy + side * ux * 0.6)}`;
  return `M${r(from.x)} ${r(from.y)}Q${r(cx)} ${r(cy)} ${r(to.x)} ${r(to.y)}M${wing(1)}L${r(mx)} ${r(my)}L${wing(-1)}`;
}
