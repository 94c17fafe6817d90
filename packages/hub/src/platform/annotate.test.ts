import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSqliteForTest } from '../../../../test/services/databases.ts';
import { type GrafanaService, startGrafana } from '../../../../test/services/grafana.ts';
import { createAnnotator, type Mark } from './annotate.ts';
import { systemClock } from './clock.ts';
import { createOutbound } from './outbound.ts';
import { silentLog } from './testing.ts';

const stops: (() => unknown)[] = [];
afterAll(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});
const mark = (text: string): Mark => ({ tags: ['ai', 'slow', 'ai'], text });

describe('marks in Grafana', () => {
  let grafana: GrafanaService;
  beforeAll(async () => {
    grafana = await startGrafana('token');
    stops.push(() => grafana.close());
  });
  async function annotator(more: { most?: number } = {}) {
    const { db, dispose } = await openSqliteForTest();
    stops.push(dispose);
    let ahead = 0;
    const clock = { now: systemClock.now, monotonic: () => systemClock.monotonic() + ahead };
    const outbound = createOutbound({ clock: systemClock, allowPrivate: true });
    stops.push(() => outbound.close());
    const made = createAnnotator({
      db,
      clock,
      log: silentLog,
      outbound,
      grafana: { url: grafana.url, token: 'token' },
      ...more,
    });
    return {
      ...made,
      db,
      pass: (ms: number) => {
        ahead += ms;
      },
    };
  }

  test('are made as Grafana asks for them, once, with nothing in them that its page would run', async () => {
    const { hand, deliver, waiting, db } = await annotator();
    const before = grafana.annotations.length;
    await hand(db, mark('took <b>3 s</b>'), 1_760_000_000_000);
    await deliver();
    await deliver();
    expect(grafana.annotations.slice(before)).toMatchObject([
      { time: 1_760_000_000_000, text: 'took &lt;b&gt;3 s&lt;/b&gt;', tags: ['orrery', 'ai', 'slow'] },
    ]);
    expect(await waiting()).toBe(0);
  });

  test('wait while Grafana is away, no more of them than are worth it, and go out when it is back', async () => {
    const { hand, deliver, waiting, db, pass } = await annotator({ most: 3 });
    const before = grafana.annotations.length;
    grafana.behave(503);
    for (let i = 0; i < 5; i++) await hand(db, mark(`mark ${i}`), 1_760_000_000_000 + i);
    await deliver();
    expect(await waiting()).toBe(3);
    grafana.behave(undefined);
    // Left alone for a moment first.
    await deliver();
    expect(await waiting()).toBe(3);
    pass(60_000);
    await deliver();
    expect(grafana.annotations.slice(before).map(({ text }) => text)).toEqual(['mark 2', 'mark 3', 'mark 4']);
  });
});
