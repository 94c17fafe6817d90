import { Alert, AlertNotification, type Alert as AlertShape, Incident, IncidentDetail, page } from '@orrery/protocol';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteForTest } from '../../../../test/services/databases.ts';
import { startReceiver } from '../../../../test/services/receiver.ts';
import { allow, anonymousCaller, type Caller } from '../access/index.ts';
import { systemClock } from '../platform/clock.ts';
import { createApp, type HttpServer, listen } from '../platform/http/server.ts';
import { silentLog } from '../platform/testing.ts';
import { alertRoutes } from './index.ts';
import { alertsOn, finding, person } from './testing.ts';

describe('the alert and channel routes', () => {
  let database: Awaited<ReturnType<typeof openSqliteForTest>>;
  let receiver: Awaited<ReturnType<typeof startReceiver>>;
  let server: HttpServer;
  let alerts: ReturnType<typeof alertsOn>;
  let caller: Caller;
  const call = async (method: 'GET' | 'POST', path: string) => {
    const response = await fetch(server.url + path, { method });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const items = ({ body }: { body: Record<string, unknown> }) => body.items as AlertShape[];

  beforeAll(async () => {
    database = await openSqliteForTest();
    receiver = await startReceiver();
    alerts = alertsOn(database.db);
    await alerts.syncChannels([
      { declaration: { name: 'ops', kind: 'webhook', url: receiver.url }, ref: 'orrery.yaml:3' },
    ]);
    await alerts.reconcile([finding(), finding({ fingerprint: 'fp-2', severity: 'info', project: 'performia' })], {
      scope: ['veria', 'performia'],
      at: Date.now(),
    });
    const app = createApp({
      routes: alertRoutes(alerts),
      resolve: async () => caller,
      allow,
      checkOrigin: () => undefined,
      observe: () => undefined,
      pagesDir: '/nowhere',
      https: false,
      log: silentLog,
      clock: systemClock,
    });
    server = await listen({ host: '127.0.0.1', port: 0 });
    server.mount(app, () => undefined);
  });
  beforeEach(() => {
    caller = person('ann', 'admin');
  });
  afterAll(async () => {
    await server.stop();
    await receiver.close();
    await database.dispose();
  });

  it('list alerts in the shape of the contract, by several states and severities at once', async () => {
    const all = await call('GET', '/api/fed/alerts');
    expect(all.status).toBe(200);
    expect(page(Alert).parse(all.body).items).toHaveLength(2);
    expect(items(await call('GET', '/api/fed/alerts?status=open,acknowledged&severity=info'))).toHaveLength(1);
    expect(items(await call('GET', '/api/fed/alerts?status=resolved'))).toEqual([]);
    expect(items(await call('GET', '/api/fed/alerts?project=veria&limit=1'))).toMatchObject([{ project: 'veria' }]);
  });

  it.each([
    ['status=broken', 'query.status'],
    ['status=', 'query.status'],
    ['severity=info,,', 'query.severity'],
    ['project=..%2Fetc', 'query.project'],
    ['limit=0', 'query.limit'],
    ['limit=many', 'query.limit'],
    ['cursor=abc', 'query.cursor'],
    ['state=open', 'query'],
  ])('refuse ?%s and name the field', async (query, field) => {
    const { status, body } = await call('GET', `/api/fed/alerts?${query}`);
    expect(status).toBe(400);
    expect(JSON.stringify(body.fields)).toContain(field);
  });

  it('change an alert once, and answer 409 with how it stands to whoever comes later', async () => {
    const [alert] = items(await call('GET', '/api/fed/alerts?project=veria'));
    const path = `/api/fed/alerts/${alert?.id}`;
    const both = await Promise.all([call('POST', `${path}/acknowledge`), call('POST', `${path}/acknowledge`)]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    const late = both.find(({ status }) => status === 409);
    expect(late?.body.detail).toMatch(/^This alert is acknowledged by ann since .*: it cannot be acknowledged now\.$/);
    expect(Alert.parse((await call('GET', path)).body)).toMatchObject({
      status: 'acknowledged',
      acknowledgedBy: 'ann',
    });
    expect((await call('POST', `${path}/resolve`)).body).toMatchObject({ status: 'resolved', resolvedBy: 'ann' });
    expect((await call('POST', `${path}/ignore`)).status).toBe(409);
  });

  it('answer alike for an alert that is hidden and for one that does not exist', async () => {
    const [hidden] = items(await call('GET', '/api/fed/alerts?project=performia'));
    caller = person('ben', 'operator', ['veria']);
    const answers = [hidden?.id ?? '', 'alr_00000000000000000000000000', '{id}', ':id', '%00', '..%2f', 'null'].map(
      async (id) => {
        const { status, body } = await call('GET', `/api/fed/alerts/${encodeURIComponent(id)}`);
        return JSON.stringify([status, { ...body, requestId: '' }]);
      },
    );
    expect([...new Set(await Promise.all(answers))]).toEqual([expect.stringMatching(/^\[404,/)]);
  });

  it('ask for the permission that the contract names', async () => {
    const id = 'alr_00000000000000000000000000';
    const asked = async () =>
      Promise.all(
        [
          call('GET', '/api/fed/alerts'),
          call('GET', '/api/channels'),
          call('GET', '/api/channels/ops/deliveries'),
          call('POST', `/api/fed/alerts/${id}/acknowledge`),
          call('POST', '/api/channels/ops/test'),
        ].map(async (answer) => (await answer).status),
      );
    caller = anonymousCaller;
    expect(await asked()).toEqual([401, 401, 401, 401, 401]);
    caller = person('vic', 'viewer');
    expect(await asked()).toEqual([403, 403, 403, 403, 403]);
    caller = person('ben', 'operator');
    expect(await asked()).toEqual([200, 200, 200, 404, 403]);
  });

  it('test a channel and list what it was told', async () => {
    const test = await call('POST', '/api/channels/ops/test');
    expect(test).toMatchObject({ status: 200, body: { ok: true, detail: expect.stringContaining('HTTP 204') } });
    expect(AlertNotification.parse(JSON.parse(receiver.received[0]?.body ?? ''))).toMatchObject({
      type: 'channel.test',
    });
    const { body } = await call('GET', '/api/channels/ops/deliveries?limit=1');
    expect(body).toMatchObject({
      items: [{ id: test.body.deliveryId, status: 'delivered' }],
      nextCursor: test.body.deliveryId,
    });
    expect((await call('GET', '/api/channels')).body.items).toMatchObject([
      { name: 'ops', target: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/…$/) },
    ]);
    expect((await call('POST', '/api/channels/nosuch/test')).status).toBe(404);
  });

  it('list incidents, show one with its alerts, and take on or end all of them, once', async () => {
    const all = await call('GET', '/ops/incidents?status=open');
    expect(all.status).toBe(200);
    const { items: open } = page(Incident).parse(all.body);
    expect(open.map(({ project }) => project)).toContain('performia');
    const id = open.find(({ project }) => project === 'performia')?.id ?? '';
    const one = await call('GET', `/ops/incidents/${id}`);
    expect(IncidentDetail.parse(one.body)).toMatchObject({ id, alerts: [{ project: 'performia', incidentId: id }] });
    expect(await call('POST', `/ops/incidents/${id}/acknowledge`)).toMatchObject({ status: 200, body: { id } });
    expect(await call('POST', `/ops/incidents/${id}/acknowledge`)).toMatchObject({ status: 409 });
    expect(await call('POST', `/ops/incidents/${id}/resolve`)).toMatchObject({
      status: 200,
      body: { status: 'resolved', openAlerts: 0 },
    });
    expect(await call('GET', '/ops/incidents/inc_none')).toMatchObject({ status: 404 });
    expect(await call('GET', '/ops/incidents?status=bad')).toMatchObject({ status: 400 });
    caller = person('vic', 'viewer');
    expect(await call('GET', '/ops/incidents')).toMatchObject({ status: 403 });
    expect(await call('POST', `/ops/incidents/${id}/resolve`)).toMatchObject({ status: 403 });
  });
});
