import { expect, it } from 'vitest';
import type { LatestNumber, Point } from '../samples/index.ts';
import { createSpikes } from './spikes.ts';

const HOUR = 3_600_000;
const NOW = 1_700_000_000_000;

it('holds the newest figure against the least of the day before, and looks back only for a new one', async () => {
  let now = NOW;
  let asked = 0;
  const series: LatestNumber = {
    id: 7,
    project: 'veria',
    key: 'audit.fail',
    kind: 'number',
    value: 9,
    at: NOW,
    receivedAt: NOW,
  };
  const points: Point[] = [
    { at: NOW - 30 * HOUR, value: 0 },
    { at: NOW - 20 * HOUR, value: 4 },
    { at: NOW - HOUR, value: 2 },
    { at: NOW, value: 9 },
  ];
  const spikes = createSpikes(
    {
      latest: async () => [series],
      windowOf: async (_ids, from, to) => {
        asked++;
        return new Map([[7, points.filter(({ at }) => at >= from && at <= to)]]);
      },
    },
    { now: () => now, monotonic: () => 0 },
  );
  const look = async () => (await spikes.look([{ slug: 'veria' }])).get('veria');
  expect(await look()).toEqual([{ key: 'audit.fail', value: 9, usual: 2, at: NOW, receivedAt: NOW }]);
  await look();
  expect(asked).toBe(1);
  // Silent for hours: nothing can be said of now.
  now = NOW + 3 * HOUR;
  expect(await look()).toBeUndefined();
  // The first figure of all has nothing to be held against.
  now = NOW;
  points.splice(0, 3);
  expect(await look()).toBeUndefined();
});
