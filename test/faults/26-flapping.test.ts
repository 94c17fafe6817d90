import type { Alert } from '@orrery/protocol';
import { expect, test } from 'vitest';
import { figure } from '../services/figures.ts';
import { startHub } from '../services/hub.ts';
import { startReceiver } from '../services/receiver.ts';
import { startTargets } from '../services/targets.ts';
import { until } from '../services/until.ts';
import { during } from './during.ts';
import { passing } from './strangers.ts';

/** Fault 26: 500 targets that come and go every 2.5 s. */
const TARGETS = 500;
const PER_PROJECT = 125;
const FLIP_MS = 2500;
const FLAPPING_MS = 40_000;
/** The last one is always well; on a machine that is too busy to answer within its second once it stays so. */
const STEADY = `t${TARGETS - 1}`;

test(`${TARGETS} targets that come and go are told of once each while they do`, async () => {
  const targets = await during(startTargets(TARGETS), (opened) => opened.stop());
  const receiver = await during(startReceiver(), (opened) => opened.close());
  const probe = (name: string) =>
    `      - { name: ${name}, probes: [{ kind: http, url: "${targets.url}/${name}", interval: ${name === 't0' ? '1s' : '2s'}, timeout: 1s, failAfter: ${name === STEADY ? 3 : 1}, recoverAfter: 1 }] }`;
  const projects = Array.from({ length: TARGETS / PER_PROJECT }, (_, n) => {
    const names = targets.names.slice(n * PER_PROJECT, (n + 1) * PER_PROJECT);
    return `  - { slug: crowd${n}, name: Crowd, hubUrl: "${targets.url}", services: [\n${names.map((name) => `${probe(name).replace('- ', '')},`).join('\n')}\n    ] }`;
  });
  const yaml = `projects:
${projects.join('\n')}
network: { allowPrivate: true }
channels:
  - { name: hook, kind: webhook, url: "${receiver.url}" }
`;
  const hub = await during(startHub({ yaml }), (opened) => opened.dispose());
  const visited = () => targets.names.every((name) => (targets.log.get(name)?.length ?? 0) > 1);
  await until(visited, { timeoutMs: 30_000, what: 'every target is visited' });
  const told = () =>
    receiver.taken().map(({ body }) => {
      const { type, alert } = JSON.parse(body) as { type: string; alert: Alert };
      return { type, service: alert.service ?? '', title: alert.title };
    });

  const from = performance.now();
  targets.answer((name) => (name !== STEADY && Math.floor((performance.now() - from) / FLIP_MS) % 2 === 0 ? 503 : 200));
  await passing(FLAPPING_MS);
  const during40 = told();
  const flapping = (await openAlerts()).filter(({ title }) => title.endsWith('is flapping'));
  const counts = [...Map.groupBy(during40, ({ service }) => service).values()].map((all) => all.length);
  figure(
    26,
    `notifications per flapping target over ${FLAPPING_MS / 1000} s, at most`,
    String(Math.max(...counts)),
    '2, with the end',
  );
  figure(
    26,
    `of ${TARGETS - 1} flapping targets told of as flapping while they did`,
    String(flapping.length),
    String(TARGETS - 1),
  );
  expect(during40.filter(({ type }) => type === 'alert.resolved')).toEqual([]);
  // One while it flaps, and one for its end, a minute after the last flip.
  expect(Math.max(...counts)).toBeLessThanOrEqual(2);
  expect(during40.map(({ service }) => service)).not.toContain(STEADY);
  expect(flapping.length).toBeGreaterThanOrEqual(TARGETS * 0.9);

  async function openAlerts(): Promise<Alert[]> {
    const all: Alert[] = [];
    let cursor = '';
    do {
      const page = await hub.api.read<{ items: Alert[]; nextCursor?: string }>(
        `/api/fed/alerts?status=open,acknowledged&limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      all.push(...page.items);
      cursor = page.nextCursor ?? '';
    } while (cursor !== '');
    return all;
  }
}, 300_000);
