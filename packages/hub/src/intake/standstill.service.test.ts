import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../../../test/services/until.ts';
import { project, room } from './testing.ts';

/** Blocks this whole process, as a suspension does: no timer and no socket moves meanwhile. */
const standStill = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

test('a hub that stood still accuses nobody, and makes up for no more than one check', async () => {
  const { watched, opened } = await room(onTestFinished);
  const server = await watched((_, response) => void setTimeout(() => response.end(), 60));
  const kit = opened();
  const probe = { kind: 'http', url: server.url, timeout: '1s', failAfter: 1 };
  await kit.intake.sync([project('veria', server.url, [probe], '400ms')]);
  await kit.intake.start();
  await until(async () => (await kit.service('veria')).history.length >= 2, { what: 'a quiet start' });
  await until(() => kit.outbound.inFlight() === 1, { everyMs: 1, what: 'a check under way' });
  standStill(2700);
  const resumed = performance.now();
  await until(() => server.hits.filter(({ at }) => at > resumed).length >= 3, { what: 'three further checks' });
  await until(() => performance.now() > resumed + 1300, { what: 'a little more than three intervals' });
  const intervals = Math.ceil((performance.now() - resumed) / 400);
  // What was under way may arrive late; then one check for all that was missed, and one per interval: six are missed.
  const after = server.hits.filter(({ at }) => at > resumed);
  expect(after.length).toBeLessThanOrEqual(intervals + 2);
  expect((await kit.service('veria')).history.map(({ status }) => status)).not.toContain('down');
}, 15_000);
