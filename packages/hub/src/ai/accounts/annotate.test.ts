import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSqliteForTest } from '../../../../../test/services/databases.ts';
import { type GrafanaService, startGrafana } from '../../../../../test/services/grafana.ts';
import { systemClock } from '../../platform/clock.ts';
import { createOutbound } from '../../platform/outbound.ts';
import { silentLog } from '../../platform/testing.ts';
import { createAnnotator } from './annotate.ts';
import { createCalm, type Notice, noticesOf } from './notices.ts';
import { callRow, counted, knownFacts } from './record.ts';
import { call, served } from './testing.ts';

const stops: (() => unknown)[] = [];
afterAll(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});
const notice = (title: string): Notice => ({
  kind: 'slow',
  subject: 'x',
  title,
  data: { provider: 'claude', model: 'm' },
});

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
    await hand(db, notice('took <b>3 s</b>'), 1_760_000_000_000);
    await deliver();
    await deliver();
    expect(grafana.annotations.slice(before)).toMatchObject([
      { time: 1_760_000_000_000, text: 'took &lt;b&gt;3 s&lt;/b&gt;', tags: ['orrery', 'ai', 'slow', 'claude', 'm'] },
    ]);
    expect(await waiting()).toBe(0);
  });

  test('wait while Grafana is away, no more of them than are worth it, and go out when it is back', async () => {
    const { hand, deliver, waiting, db, pass } = await annotator({ most: 3 });
    const before = grafana.annotations.length;
    grafana.behave(503);
    for (let i = 0; i < 5; i++) await hand(db, notice(`mark ${i}`), 1_760_000_000_000 + i);
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

describe('what is worth telling of a call', () => {
  const told = (more: Parameters<typeof call>[0], outcome: ReturnType<typeof served>) => {
    const one = call(more);
    const row = callRow(knownFacts(one), outcome, counted(one.estimate, outcome), undefined);
    return noticesOf(one, outcome, row, 2000).map(({ kind, title }) => [kind, title]);
  };
  test.each([
    ['nothing', {}, {}, []],
    ['a slow one', {}, { latencyMs: 2340 }, [['slow', 'AI call took 2.3 s at test (dear)']]],
    ['not a slow refusal', {}, { latencyMs: 9000, outcome: 'refused' as const }, []],
    [
      'a failover',
      {},
      { failovers: [{ provider: 'claude', reason: 'HTTP 529' }] },
      [['failover', 'AI failover: claude (HTTP 529) → test (dear)']],
    ],
    [
      'an extraction that failed',
      { intent: 'extract' as const },
      { outcome: 'failed' as const, status: 422, error: 'no such field' },
      [['extraction-failed', 'AI extraction failed at test (dear): no such field']],
    ],
  ])('%s', (_, more, outcome, notices) => {
    expect(told(more, served(1, outcome))).toEqual(notices);
  });

  test('of one kind only now and then, and the next says how many it stands for', () => {
    let now = 0;
    const calm = createCalm(10_000, () => now);
    expect(calm(notice('a'))?.title).toBe('a');
    expect([calm(notice('b')), calm(notice('c'))]).toEqual([undefined, undefined]);
    now = 10_000;
    expect(calm(notice('d'))?.title).toBe('d, and 2 more of the kind');
  });
});
