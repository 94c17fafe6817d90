import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Alert, FedMetrics, FedProject, OpsEvent, ProjectLogs } from '@orrery/protocol';
import { verifyBody } from '@orrery/protocol/signing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FleetUnderWatch, startFleetUnderWatch } from '../services/fleet.ts';
import { ORRERY } from '../services/hub.ts';
import { type Receiver, startReceiver } from '../services/receiver.ts';
import { type SmtpService, startSmtp } from '../services/smtp.ts';
import { until } from '../services/until.ts';

/** The loop whole, on real processes: products, hub, command line, mail server and webhook receiver. */
const SECRET = 'whsec_bG9vcC1zdWl0ZS1zZWNyZXQtMDAwMDAwMDAwMDAx';
let watch: FleetUnderWatch;
let smtp: SmtpService;
let receiver: Receiver;
let startedAt: number;

beforeAll(async () => {
  [smtp, receiver] = await Promise.all([startSmtp(), startReceiver()]);
  startedAt = performance.now();
  watch = await startFleetUnderWatch({
    extra: `channels:
  - { name: hook, kind: webhook, url: "${receiver.url}", secret: ${SECRET} }
  - { name: mail, kind: email, smtpUrl: "${smtp.url}", to: [ops@example.test] }
`,
  });
});
afterAll(async () => {
  await watch?.dispose();
  await Promise.all([smtp.close(), receiver.close()]);
});

const projects = () => watch.hub.api.read<FedProject[]>('/api/fed/projects');
const alerts = async (query: string) =>
  (await watch.hub.api.read<{ items: Alert[] }>(`/api/fed/alerts?${query}`)).items;
const told = () =>
  receiver.taken().map((one) => ({ ...one, note: JSON.parse(one.body) as { type: string; alert: Alert } }));

test('three products are online within fifteen seconds of the start', async () => {
  await until(async () => (await projects()).every((project) => project.status === 'online'), {
    timeoutMs: 20_000,
    what: 'three online projects',
  });
  expect(performance.now() - startedAt).toBeLessThan(15_000);
  expect((await projects()).map((project) => project.slug).sort()).toEqual(['performia', 'rollizr', 'veria']);
});

test('their metrics, logs, summaries and events arrive', async () => {
  const { api } = watch.hub;
  await until(
    async () => {
      const { series } = await api.read<FedMetrics>('/api/fed/metrics/veria?key=revenue_24h&from=10m');
      return series.some(({ points }) => points.some(([, value]) => value > 0));
    },
    { timeoutMs: 15_000, what: 'the revenue of Veria' },
  );
  await until(
    async () =>
      (await api.read<ProjectLogs>('/api/fed/logs/rollizr')).entries.some((entry) =>
        entry.message.startsWith('Order placed'),
      ),
    {
      timeoutMs: 30_000,
      what: 'an order in the log of ROLLIZR',
    },
  );
  const veria = await until(
    async () => (await projects()).find((project) => project.slug === 'veria' && project.kpis.auditsOk !== null),
    {
      timeoutMs: 15_000,
      what: 'the pushed audit summary',
    },
  );
  expect(veria.kpis.auditsOk).toBeGreaterThan(10);
  expect(veria.kpis.deployFreshnessDays).toBeLessThan(1);
  expect(veria.kpis.healthLatencyMs).toBeGreaterThan(0);
  expect(veria.version).toBe('2.7.1');
  await until(
    async () =>
      (await api.read<{ items: OpsEvent[] }>('/ops/events/recent?project=rollizr&limit=200')).items.some((event) =>
        event.type.includes('order.placed'),
      ),
    {
      timeoutMs: 30_000,
      what: 'an order as an event',
    },
  );
});

describe('stopping a product', () => {
  let alert: Alert;

  test('raises one alert within its interval', async () => {
    const stopped = performance.now();
    await watch.fleet.product('performia').stop();
    [alert] = (await until(
      async () => {
        const open = await alerts('status=open&project=performia');
        return open.some((one) => one.category === 'availability') ? open : undefined;
      },
      { timeoutMs: 10_000, what: 'the alert' },
    )) as [Alert];
    // One interval of 1 s, one timeout of 0.5 s, and the time to judge and write.
    expect(performance.now() - stopped).toBeLessThan(4000);
    expect(alert).toMatchObject({ project: 'performia', severity: 'critical', status: 'open' });
    expect((await projects()).find((project) => project.slug === 'performia')?.status).not.toBe('online');
    expect((await projects()).filter((project) => project.status === 'online')).toHaveLength(2);
  });

  test('tells the webhook, with a signature that holds', async () => {
    const [one] = await until(
      () => {
        const opened = told().filter(({ note }) => note.type === 'alert.opened' && note.alert.id === alert.id);
        return opened.length > 0 ? opened : undefined;
      },
      { what: 'the webhook' },
    );
    const headers = new Headers(Object.entries(one?.headers ?? {}).map(([name, value]) => [name, String(value)]));
    expect(verifyBody([SECRET], headers, one?.body ?? '', new Date())).toMatchObject({ ok: true });
    expect(verifyBody([SECRET], headers, `${one?.body} `, new Date())).toMatchObject({ ok: false });
    expect(one?.note.alert).toMatchObject({ project: 'performia', title: alert.title, fingerprint: alert.fingerprint });
  });

  test('tells by mail', async () => {
    const mail = await until(() => smtp.mails.find((one) => one.text.includes(alert.title)), { what: 'the mail' });
    expect(mail.to).toEqual(['ops@example.test']);
    expect(mail.headers.subject).toContain('performia');
  });

  test('is shown by the command line, and acknowledged there', async () => {
    const listed: { items: Alert[] } = JSON.parse(await orrery('alerts', 'list', '--json'));
    expect(listed.items.some((one) => one.id === alert.id)).toBe(true);
    await orrery('alerts', 'ack', alert.id);
    expect((await watch.hub.api.read<Alert>(`/api/fed/alerts/${alert.id}`)).status).toBe('acknowledged');
  });

  test('and starting it resolves the alert and says so once', async () => {
    await watch.fleet.product('performia').start();
    const resolved = await until(
      async () => {
        const one = await watch.hub.api.read<Alert>(`/api/fed/alerts/${alert.id}`);
        return one.status === 'resolved' ? one : undefined;
      },
      { timeoutMs: 10_000, what: 'the alert is resolved' },
    );
    expect(resolved.resolvedBy).toBe('recovery');
    await until(() => told().some(({ note }) => note.type === 'alert.resolved' && note.alert.id === alert.id), {
      what: 'the news by webhook',
    });
    await until(
      () => smtp.mails.some((mail) => /resolved/i.test(mail.headers.subject ?? '') && mail.text.includes(alert.title)),
      { what: 'the news by mail' },
    );
    await until(async () => (await projects()).every((project) => project.status === 'online'), { what: 'all online' });

    const ofIt = told().filter(({ note }) => note.alert.id === alert.id);
    expect(ofIt.filter(({ note }) => note.type === 'alert.opened')).toHaveLength(1);
    expect(ofIt.filter(({ note }) => note.type === 'alert.resolved')).toHaveLength(1);
    expect(new Set(ofIt.map(({ headers }) => headers['webhook-id'])).size).toBe(ofIt.length);
    expect((await alerts('project=performia')).map(({ title }) => title)).toEqual([alert.title]);
    const mails = smtp.mails.filter((mail) => mail.text.includes(alert.title));
    expect(mails).toHaveLength(ofIt.length);
  });
});

test('nobody else was accused', async () => {
  expect((await alerts('limit=200')).filter((alert) => alert.project !== 'performia')).toEqual([]);
});

describe.each([
  ['slow', 'degraded'],
  ['errors', 'down'],
  ['hang', 'down'],
  ['badjson', 'down'],
  ['down', 'down'],
] as const)('the fault "%s" of a product', (fault, status) => {
  test(`is seen as ${status}, and its end as up`, async () => {
    const product = watch.fleet.product('veria');
    const state = async () => {
      const { services } = await watch.hub.api.read<{
        services: { project: string; status: string; reason?: string }[];
      }>('/ops/health?project=veria&history=1');
      return services;
    };
    await product.fault(fault);
    try {
      const service = await until(async () => (await state()).find((one) => one.status === status), {
        timeoutMs: 12_000,
        what: `veria is ${status}`,
      });
      expect(service.reason).toBeTruthy();
    } finally {
      await product.fault('none');
    }
    await until(async () => (await state()).every((one) => one.status === 'up'), {
      timeoutMs: 12_000,
      what: 'veria is up again',
    });
  });
});

/** Runs the command as a person on the hub's machine would. */
async function orrery(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [ORRERY, ...args, '--data', watch.hub.dataDir], {
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/' },
    timeout: 20_000,
  });
  return stdout;
}
