import { noise } from '../../packages/hub/src/detect/forecast/testing.ts';

const DAY = 24;
const wave = (hour: number, period: number, phase = 0) => Math.sin((2 * Math.PI * (hour + phase)) / period);

type Kind = (hour: number, seed: number) => number;

/** A value that each hour keeps `keep` of the last and adds noise: made from the start each time, so that it depends on nothing else. */
function wander(keep: number, size: number): (hours: number, seed: number) => Float64Array {
  return (hours, seed) => {
    const values = new Float64Array(hours);
    let at = 0;
    for (let i = 0; i < hours; i++) {
      at = keep * at + size * (noise(i, seed) + noise(i, seed + 77) + noise(i, seed + 991));
      values[i] = at;
    }
    return values;
  };
}

/** Shapes that operations know, made by formulas; nothing of them is taken from any fleet. */
const KINDS: Record<string, (hours: number, seed: number) => Float64Array> = {
  'daily traffic': (n, s) => mix(n, s, (i) => 100 + 40 * wave(i, DAY, s % 24), wander(0.6, 4)),
  'working week': (n, s) =>
    mix(n, s, (i) => (Math.floor((i + s) / DAY) % 7 < 5 ? 100 : 45) * (1 + 0.5 * wave(i, DAY, s % 24)), wander(0.5, 4)),
  'growing disk': (n, s) => mix(n, s, (i) => 30 + 0.05 * i * (1 + (s % 5) / 5), wander(0.9, 0.1)),
  'disk that is cleaned up': (n, s) => mix(n, s, (i) => 40 + 0.6 * ((i + s) % (DAY * (3 + (s % 4)))), wander(0.3, 0.3)),
  'memory without a pattern': (n, s) => mix(n, s, () => 60, wander(0.97, 0.5)),
  'a walk at random': (n, s) => mix(n, s, () => 500, wander(1, 2)),
  'cost per hour, growing': (n, s) =>
    mix(n, s, (i) => (20 + 0.02 * i) * (1 + 0.3 * wave(i, DAY, s % 24)), wander(0.4, 0.6)),
  'latency with bursts': (n, s) =>
    mix(n, s, (i) => 120 + 20 * wave(i, DAY) + (noise(i, s + 5) > 0.97 ? 300 : 0), wander(0.3, 5)),
  'a level that steps': (n, s) =>
    mix(n, s, (i) => (i < (n * (3 + (s % 5))) / 9 ? 50 : 70) + 8 * wave(i, DAY), wander(0.5, 1)),
  'orders, few': (n, s) =>
    mix(n, s, (i) => Math.max(0, Math.round(3 + 3 * wave(i, DAY) + 3 * noise(i, s))), wander(0, 0)),
};

function mix(
  hours: number,
  seed: number,
  shape: Kind,
  rest: (hours: number, seed: number) => Float64Array,
): Float64Array {
  return rest(hours, seed).map((value, hour) => value + shape(hour, seed));
}

/** `count` series of `hours` hours, all shapes in turn. */
export const hourlySeries = (count: number, hours: number): { kind: string; values: Float64Array }[] => {
  const kinds = Object.entries(KINDS);
  return Array.from({ length: count }, (_, i) => {
    const [kind, make] = kinds[i % kinds.length] as (typeof kinds)[number];
    return { kind, values: make(hours, i + 1) };
  });
};
