/** How busy a product is over a day: hills at the hours its people come, and a quiet floor at night. */
export type Shape = { floor: number; hills: readonly { hour: number; width: number; height: number }[] };

export const SHAPES = {
  /** Offices: a morning and an afternoon. */
  veria: { floor: 0.05, hills: [hill(10, 1.8, 1), hill(15, 1.6, 0.85)] },
  /** Studios: slow mornings, long evenings. */
  performia: { floor: 0.1, hills: [hill(14, 2.5, 0.5), hill(21, 2.8, 1)] },
  /** Shoppers: lunch and the sofa. */
  rollizr: { floor: 0.12, hills: [hill(12.5, 1.5, 0.8), hill(20.5, 2, 1)] },
} as const satisfies Record<string, Shape>;

function hill(hour: number, width: number, height: number) {
  return { hour, width, height };
}

/** The share of the peak, 0 to 1, at an hour of the day from 0 to 24. */
export function busyness(shape: Shape, hour: number): number {
  let sum = shape.floor;
  for (const { hour: centre, width, height } of shape.hills) {
    const away = Math.min(Math.abs(hour - centre), 24 - Math.abs(hour - centre));
    sum += height * Math.exp(-0.5 * (away / width) ** 2);
  }
  return Math.min(1, sum);
}

/** The hour of the generator's day: a day of `dayMs` that begins at `startHour` when the generator starts. */
export function hourAt(elapsedMs: number, dayMs: number, startHour: number): number {
  return (startHour + (elapsedMs / dayMs) * 24) % 24;
}
