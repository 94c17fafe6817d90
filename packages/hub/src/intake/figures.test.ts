import { once } from 'node:events';
import { createServer } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../../../test/services/until.ts';
import { AUTHORITY, SIGNED } from '../platform/outbound/certificate.fixture.ts';
import { project, room } from './testing.ts';

test('what a probe measures of its service is a series of that service: what is left of a certificate', async () => {
  const server = createServer(SIGNED.good, (socket) => void socket.on('error', () => undefined)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  const { database, opened } = await room(onTestFinished);
  const kit = opened();
  const probe = { kind: 'tls', host: 'localhost', port, ca: AUTHORITY, timeout: '10s' };
  await kit.intake.sync([project('veria', 'http://127.0.0.1:9', [probe], '200ms')]);
  await kit.intake.start();
  await until(async () => (await kit.latest('veria', 'tls.days_left')) !== undefined, { what: 'the series' });
  expect(await kit.latest('veria', 'tls.days_left')).toBeCloseTo((Date.UTC(2120, 0, 1) - Date.now()) / 86_400_000, 0);
  const series = await database.db
    .withTables<{ series: { key: string; service: string; tags: string; unit: string } }>()
    .selectFrom('series')
    .select(['service', 'unit'])
    .where('key', '=', 'tls.days_left')
    .execute();
  expect(series).toEqual([{ service: 'api', unit: 'days' }]);
  expect((await kit.service('veria')).checks).toMatchObject({
    certificate: { ok: true, detail: expect.stringContaining('issued by Test authority') },
  });
});
