import { expect, onTestFinished, test } from 'vitest';
import { freshDatabase } from '../../../../test/services/several-hubs.ts';
import { systemClock } from '../platform/clock.ts';
import { openDatabase } from '../platform/db.ts';
import { migrate } from '../platform/migrate.ts';
import { aloneHub } from './hubs/hubs.ts';
import { project, testIntake } from './testing.ts';

test('a call is as old as the database says, whichever hub took it and whatever the time there is', async () => {
  const fresh = await freshDatabase();
  onTestFinished(fresh.drop);
  const { db, kind, close } = await openDatabase({ dataDir: '', url: fresh.url });
  onTestFinished(close);
  await migrate(db, kind);
  const hub = (offBy: number) => {
    const clock = { now: () => Date.now() + offBy, monotonic: systemClock.monotonic };
    const kit = testIntake(db, { clock, hubs: { ...aloneHub(clock), shared: true } });
    onTestFinished(kit.stop);
    return kit;
  };
  const declared = [project('veria', 'http://127.0.0.1:1', [{ kind: 'heartbeat', interval: '60s', grace: '1s' }])];
  for (const offBy of [-3_600_000, 3_600_000]) {
    const [taker, judge] = [hub(offBy), hub(0)];
    for (const { intake } of [taker, judge]) await intake.sync(declared);
    const token = (await taker.service('veria')).heartbeatUrl?.split('/').at(-1) ?? '';
    await taker.intake.beat(token, false);
    // It has never looked before: it knows nothing but what is stored.
    const { results } = await judge.intake.runOnce(judge.me);
    expect(results, `off by ${offBy} ms`).toEqual([{ site: 'veria', status: 'ok', health: 'healthy' }]);
  }
});
