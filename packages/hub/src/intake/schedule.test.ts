import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../../../test/services/until.ts';
import { systemClock } from '../platform/clock.ts';
import { compileProbes, type Probe } from './compile.ts';
import { createSchedule } from './schedule.ts';
import { project } from './testing.ts';

const probeOf = (slug: string): Probe => {
  const url = `http://${slug}.test/`;
  return compileProbes([project(slug, url, [{ kind: 'http', url, interval: '1h' }])])[0] as Probe;
};

test('a probe that waits for room and is asked for besides does not overlap itself', async () => {
  const [first, second] = [probeOf('first'), probeOf('second')];
  const under = new Map<string, number>([
    [first.id, 0],
    [second.id, 0],
  ]);
  const ends: (() => void)[] = [];
  let most = 0;
  let runs = 0;
  const schedule = createSchedule({
    clock: systemClock,
    maxRunning: 1,
    time: systemClock.monotonic,
    async run({ id }) {
      runs += 1;
      under.set(id, (under.get(id) ?? 0) + 1);
      most = Math.max(most, under.get(id) ?? 0);
      await new Promise<void>((end) => ends.push(end));
      under.set(id, (under.get(id) ?? 0) - 1);
    },
  });
  const endAll = () => {
    for (const end of ends.splice(0)) end();
  };
  onTestFinished(async () => {
    const stopped = schedule.stop();
    endAll();
    await stopped;
  });
  schedule.start();
  schedule.enter(first, 0);
  await until(() => under.get(first.id) === 1, { what: 'the first runs' });
  schedule.enter(second, 0);
  // Its turn has come, and there is no room for it.
  const waits = performance.now() + 50;
  await until(() => performance.now() > waits, { what: 'the second waits' });
  expect(runs).toBe(1);
  const asked = schedule.runNow(second.id, { afresh: false });
  await until(() => under.get(second.id) === 1, { what: 'it runs because it is asked for' });
  ends.shift()?.();
  await until(() => under.get(first.id) === 0, { what: 'the first has ended' });
  endAll();
  await asked;
  expect(most).toBe(1);
  expect(runs).toBe(2);
});
