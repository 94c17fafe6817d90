import type { Alert } from '@orrery/protocol';
import { expect, test } from 'vitest';
import { figure, seconds } from '../services/figures.ts';
import { startHub } from '../services/hub.ts';
import { startReceiver } from '../services/receiver.ts';
import { servicesAt } from '../services/several-hubs.ts';
import { startTargets } from '../services/targets.ts';
import { until } from '../services/until.ts';
import { during } from './during.ts';
import { passing } from './strangers.ts';

/** Fault 28: everything fails at once because the hub's own network is gone. */
const TARGETS = 40;

test(`${TARGETS} targets that vanish together with the hub's own network are unknown, and one alert says why`, async () => {
  const targets = await during(startTargets(TARGETS), (opened) => opened.stop());
  const gate = await during(startTargets(0), (opened) => opened.stop());
  const receiver = await during(startReceiver(), (opened) => opened.close());
  const yaml = `projects:
  - slug: far
    name: Far
    hubUrl: ${targets.url}
    services:
${targets.names.map((name) => `      - { name: ${name}, probes: [{ kind: http, url: "${targets.url}/${name}", interval: 1s, timeout: 500ms, failAfter: 1, recoverAfter: 1 }] }`).join('\n')}
network: { allowPrivate: true, selfCheck: [{ host: 127.0.0.1, port: ${new URL(gate.url).port} }] }
channels:
  - { name: hook, kind: webhook, url: "${receiver.url}" }
`;
  const hub = await during(startHub({ yaml }), (opened) => opened.dispose());
  const are = async (status: string) => (await servicesAt(hub)).every((service) => service.status === status);
  const told = () =>
    receiver.taken().map(({ body }) => {
      const { type, alert } = JSON.parse(body) as { type: string; alert: Alert };
      return `${type} ${alert.title}`;
    });
  await until(() => are('up'), { timeoutMs: 20_000, what: 'all are up' });

  await gate.vanish();
  await targets.vanish();
  const gone = performance.now();
  await until(() => are('unknown'), { timeoutMs: 20_000, what: 'all are unknown' });
  figure(28, `${TARGETS} targets unknown after`, seconds(performance.now() - gone), 'two intervals');
  await until(() => told().length > 0, { timeoutMs: 30_000, what: 'one is told that the hub is isolated' });
  figure(28, 'told that the hub is isolated after', seconds(performance.now() - gone), '15 s');
  await passing(5000);

  await targets.appear();
  await gate.appear();
  await until(() => are('up'), { timeoutMs: 20_000, what: 'all are up again' });
  await until(() => told().some((one) => one.startsWith('alert.resolved')), {
    timeoutMs: 40_000,
    what: 'told that it is over',
  });
  await passing(3000);
  const opened = told().filter((one) => one.startsWith('alert.opened'));
  figure(28, 'alerts', `${opened.length} (${opened[0]?.replace(/hub \S+/, 'hub …')})`, '1');
  expect(opened).toHaveLength(1);
  expect(opened[0]).toMatch(/^alert\.opened hub \S+ is isolated$/);
  expect(told()).toHaveLength(2);
  const { items } = await hub.api.read<{ items: Alert[] }>('/api/fed/alerts?limit=200');
  expect(items.map(({ project }) => project)).toEqual(['orrery']);
  const services = await servicesAt(hub, 100);
  expect(services.flatMap(({ history }) => history.filter(({ status }) => status === 'down'))).toEqual([]);
  // What nobody could see counts neither for nor against.
  expect(services.map(({ uptimePercent }) => uptimePercent)).toEqual(targets.names.map(() => 100));
  expect(services[0]?.history.filter(({ status }) => status === 'unknown').length).toBeGreaterThan(3);

  // A target that fails while the hub's network works is down as ever.
  await targets.vanish();
  await until(() => are('down'), { timeoutMs: 20_000, what: 'all are down' });
});
