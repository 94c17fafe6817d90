import { createRandom } from './shared/random.ts';
import { JOURNEYS } from './traffic/journeys.ts';
import { busyness, hourAt, SHAPES } from './traffic/shape.ts';
import { createVisitor } from './traffic/visitor.ts';

/**
 * Sends visitors to the three products, more or fewer by the hour of its day.
 * FLEET_URLS is JSON {slug: url}; FLEET_DAY_MS is the length of a day (24 h), which begins at FLEET_START_HOUR (now);
 * FLEET_PEAK is the visitors a second at the busiest hour (0.6); FLEET_SEED makes a run repeatable.
 */
const DAY = 86_400_000;
const settings = {
  urls: readUrls(process.env.FLEET_URLS),
  dayMs: number('FLEET_DAY_MS', DAY),
  startHour: number('FLEET_START_HOUR', new Date().getHours() + new Date().getMinutes() / 60),
  peak: number('FLEET_PEAK', 0.6),
  seed: number('FLEET_SEED', Date.now()),
};
const AT_ONCE = 40;
const startedAt = performance.now();

for (const [index, slug] of (['veria', 'performia', 'rollizr'] as const).entries()) {
  const url = settings.urls[slug];
  if (url) void send(slug, url, createRandom(settings.seed + index));
}
process.on('disconnect', () => process.exit(0));
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0));
process.send?.({ ready: {} });

/** A stream of visits whose gaps are exponential, as independent visitors make them. */
async function send(slug: keyof typeof JOURNEYS, url: string, random: ReturnType<typeof createRandom>): Promise<void> {
  let visitors = 0;
  for (;;) {
    const hour = hourAt(performance.now() - startedAt, settings.dayMs, settings.startHour);
    const perSecond = Math.max(0.02, settings.peak * busyness(SHAPES[slug], hour));
    await new Promise((resolve) => setTimeout(resolve, (-Math.log(1 - random.next()) / perSecond) * 1000));
    if (visitors >= AT_ONCE) continue;
    visitors++;
    const name = `${random.pick(NAMES)}.${random.int(1, 40)}`;
    const visitor = createVisitor(url, name, createRandom(random.int(0, 2 ** 31)));
    void JOURNEYS[slug](visitor).finally(() => visitors--);
  }
}

const NAMES = ['ines', 'tomas', 'amara', 'yuki', 'lena', 'omar', 'priya', 'jonas', 'mei', 'rafael'];

function number(name: string, otherwise: number): number {
  const text = process.env[name];
  if (text === undefined || text === '') return otherwise;
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Error(`${name} must be a number from 0, not "${text}"`);
  return value;
}

function readUrls(text: string | undefined): Partial<Record<string, string>> {
  if (!text)
    return { veria: 'http://127.0.0.1:5401', performia: 'http://127.0.0.1:5402', rollizr: 'http://127.0.0.1:5403' };
  return JSON.parse(text);
}
