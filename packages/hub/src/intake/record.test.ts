import { describe, test } from 'vitest';
import { until } from '../../../../test/services/until.ts';
import { createEvents } from '../events/index.ts';
import { systemClock } from '../platform/clock.ts';
import { silentLog, temporaryDatabase } from '../platform/testing.ts';
import { compileProbes, type Probe } from './compile.ts';
import type { Facts, IncomingSample, StoreSamples } from './facts.ts';
import { createRecorder, type Verdict } from './record.ts';
import { createRefusals } from './refusals.ts';
import { loadKept } from './store.ts';
import { project } from './testing.ts';

const up: Verdict = { status: 'up', latencyMs: 5, heard: true };
const probeOf = (slug: string): Probe => {
  const url = `http://${slug}.test/`;
  return compileProbes([project(slug, url, [{ kind: 'http', url }])])[0] as Probe;
};

/** A recorder on a database of its own whose samples go where a test says. */
async function recording(finish: (step: () => Promise<void>) => void, storeSamples: StoreSamples) {
  const { db, close } = await temporaryDatabase();
  const facts: Facts[] = [];
  const refusals = createRefusals();
  const recorder = createRecorder({
    db,
    log: silentLog,
    storeSamples,
    appendEvents: createEvents({ db, clock: systemClock, log: silentLog }).append,
    refusals,
    hubs: { shared: false, guard: async () => true },
    emit: (some) => facts.push(some),
  });
  finish(async () => {
    await recorder.settle();
    await close();
  });
  const stored = async () => new Set((await loadKept(db)).keys());
  return { db, recorder, facts, refusals, stored };
}

describe.concurrent('what checks saw', () => {
  test('is stored for all but the one whose check no database takes, and that one holds nobody up', async ({
    expect,
    onTestFinished,
  }) => {
    const [well, ill, fine] = ['well', 'ill', 'fine'].map(probeOf) as [Probe, Probe, Probe];
    const { recorder, stored, facts } = await recording(onTestFinished, async (_, slug) => {
      if (slug === 'ill')
        throw Object.assign(new Error('invalid byte sequence for encoding "UTF8"'), { code: '22021' });
      return { refused: {} };
    });
    for (const probe of [well, ill, fine]) recorder.record(probe, up, Date.now(), null);
    await until(async () => (await stored()).size === 2, { what: 'the other two are stored' });
    expect([...(await stored())].sort()).toEqual([well.id, fine.id].sort());
    expect(facts.flatMap(({ projects }) => projects).sort()).toEqual(['fine', 'well']);
    expect(recorder.waiting()).toBe(0);
    expect(recorder.committed(ill.id)).toBeUndefined();
  });

  test('waits for a database that is away, and is all there once it is back; what was refused is counted once', async ({
    expect,
    onTestFinished,
  }) => {
    let away = true;
    const [a, b] = ['a', 'b'].map(probeOf) as [Probe, Probe];
    const { recorder, stored, refusals } = await recording(onTestFinished, async (_, slug) => {
      if (away && slug === 'b') throw Object.assign(new Error('no space'), { code: '53100' });
      return { refused: { too_old: 1 } };
    });
    for (const probe of [a, b]) recorder.record(probe, up, Date.now(), null);
    await recorder.settle();
    expect(recorder.waiting()).toBe(2);
    expect(await stored()).toEqual(new Set());
    away = false;
    await recorder.settle();
    expect(await stored()).toEqual(new Set([a.id, b.id]));
    expect(refusals.list().map(({ project: slug, count }) => [slug, count])).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
  });

  test('takes a bounded room while it waits: the oldest give up their values first, and then themselves', async ({
    expect,
    onTestFinished,
  }) => {
    let away = true;
    let values = 0;
    const probe = probeOf('scraped');
    const { recorder, stored } = await recording(onTestFinished, async (_trx, _slug, samples) => {
      if (away) throw Object.assign(new Error('no space'), { code: '53100' });
      values += samples.filter(({ key }) => key === 'scraped').length;
      return { refused: {} };
    });
    const samples = Array.from({ length: 2000 }, (_, n): IncomingSample => ({ key: 'scraped', value: n }));
    const at = Date.now();
    for (let n = 0; n < 400; n++) recorder.record(probe, { ...up, samples }, at + n, null);
    await recorder.settle();
    expect(recorder.waiting()).toBe(400);
    away = false;
    await recorder.settle();
    expect((await stored()).size).toBe(1);
    expect(values).toBeGreaterThan(200_000);
    expect(values).toBeLessThanOrEqual(250_000);
  });
});
