/** Series for tests and benchmarks: made by formulas, the same every time. */
export const series = (hours: number, make: (hour: number) => number): Float64Array =>
  Float64Array.from({ length: hours }, (_, hour) => make(hour));

export const daily = (hour: number, size: number): number => size * Math.sin((2 * Math.PI * hour) / 24);

/** Even noise from −1 to 1 that depends on nothing but its place (a mixing hash, so that neighbours do not resemble each other). */
export function noise(place: number, seed = 1): number {
  let mixed = (Math.imul(place + 1, 0x9e3779b1) ^ Math.imul(seed, 0x85ebca6b)) >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d) >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b) >>> 0;
  return (((mixed ^ (mixed >>> 16)) >>> 0) / 0xffffffff) * 2 - 1;
}
