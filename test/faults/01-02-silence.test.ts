import type { Alert } from '@orrery/protocol';
import { expect, test } from 'vitest';
import { figure, seconds } from '../services/figures.ts';
import type { Mood } from '../services/product.ts';
import { until } from '../services/until.ts';
import { amongStrangers, INTERVAL, passing, TIMEOUT, turn } from './strangers.ts';

/** Faults 1 and 2: instances that never answer, stop in the middle of their headers or their body, or drip a byte at a time. */
const SILENCES: readonly Mood[] = ['hang', 'headhang', 'midhang', 'slowloris'];
const FAULTY = 10;
const slugs = Array.from({ length: FAULTY }, (_, n) => `silent-${n}`);

test(`${FAULTY} instances that fall silent are all found in time, and hold neither the others nor a socket`, async () => {
  const { hub, bad, usualGap, services, worstGap } = await amongStrangers(slugs, 5000);
  const faulty = [...bad.values()];
  for (const product of faulty) product.connections.most = 0;
  const from = performance.now();
  for (const [n, product] of faulty.entries()) turn([product], SILENCES[n % SILENCES.length] ?? 'hang');

  const found = new Map<string, number>();
  await until(
    async () => {
      const { items } = await hub.api.read<{ items: Alert[] }>('/api/fed/alerts?status=open&limit=100');
      for (const { project } of items) if (!found.has(project)) found.set(project, performance.now() - from);
      return slugs.every((slug) => found.has(slug));
    },
    { timeoutMs: 15_000, everyMs: 25, what: `all ${FAULTY} are found` },
  );
  await passing(6000);

  // What this machine adds to an interval in peace, it adds here too.
  const slack = Math.max(0, usualGap - INTERVAL);
  const worst = Math.max(...found.values());
  figure(
    1,
    `${found.size} of ${FAULTY} silent instances found, the last after`,
    seconds(worst),
    'T + timeout + 1 s = 2.7 s',
  );
  expect(worst).toBeLessThan(INTERVAL + TIMEOUT + 1000 + slack);
  expect([...found.keys()].sort()).toEqual([...slugs].sort());
  const gap = worstGap(from);
  const peace = `in peace ${(usualGap / INTERVAL).toFixed(2)}`;
  figure(1, 'worst gap of a healthy instance', `${(gap / INTERVAL).toFixed(2)} intervals (${peace})`, '1.2');
  expect(gap).toBeLessThan(Math.max(INTERVAL * 1.2, usualGap + INTERVAL * 0.2));
  const reasons = new Map((await services()).map(({ project, reason }) => [project, reason]));
  for (const slug of slugs) expect(reasons.get(slug), slug).toMatch(/no complete answer within 700 ms/);

  // One connection each while they are silent, none afterwards.
  const most = Math.max(...faulty.map(({ connections }) => connections.most));
  figure(2, 'connections held by one silent instance at once, at most', String(most), '1');
  expect(most).toBe(1);
  turn(faulty, 'healthy');
  await until(async () => (await services()).every(({ status }) => status === 'up'), { what: 'all are up again' });
  await until(() => faulty.every(({ connections }) => connections.open === 0), { what: 'no socket is left' });
});
