import { expect, onTestFinished, test } from 'vitest';
import { temporaryDatabase } from '../platform/testing.ts';
import { catalogOn, staff } from './testing.ts';

async function house(manifest: object) {
  const { db, close } = await temporaryDatabase();
  onTestFinished(close);
  const made = await catalogOn(db, manifest);
  await made.catalog.sync(['odd', 'plain'].map(made.declare));
  return made;
}
const ALL_WELL = { capabilities: 'ok', health: 'ok', logs: 'ok', metrics: 'ok' };

test('a manifest that names one endpoint twice, or with characters that no database keeps, spoils nothing', async () => {
  const long = 'n'.repeat(64);
  const { catalog, statuses } = await house({
    project: 'odd',
    version: '1\u00002',
    endpoints: {
      [`${long}a`]: '/a',
      [`${long}b`]: '/b',
      'nul\u0000': '/c',
      d: '/d\u0000',
      away: '//elsewhere.example/',
    },
  });
  await catalog.verify();
  expect(await statuses('odd')).toEqual({
    capabilities: 'ok',
    health: 'error',
    logs: 'error',
    metrics: 'error',
    [long]: 'error',
  });
  expect((await catalog.get(staff, 'odd')).version).toBe('1 2');
  expect(await statuses('plain')).toEqual(ALL_WELL);
});

test('whatever the manifest names is asked; where signed requests go, that no other is taken is well', async () => {
  const endpoints = { graph: '/api/graph', task: '/api/task', actions: '/api/actions' };
  const { catalog } = await house({ project: 'odd', version: '1', endpoints });
  await catalog.verify();
  const found = (await catalog.get(staff, 'odd')).endpoints;
  expect(found.find(({ name }) => name === 'actions')).toMatchObject({
    status: 'ok',
    authKind: 'signature',
    latencyMs: expect.any(Number),
    lastVerifiedAt: expect.any(String),
  });
  for (const name of ['graph', 'task'])
    expect(found.find((endpoint) => endpoint.name === name)).toMatchObject({ authKind: 'api-key', reason: 'HTTP 404' });
});

test('a verification that is cut short leaves what is known', async () => {
  const { catalog, kit, statuses } = await house({});
  await catalog.verify();
  kit.hang = true;
  const stopping = new AbortController();
  const verified = catalog.verify(undefined, stopping.signal);
  await expect.poll(() => kit.hanging).toBe(8);
  stopping.abort();
  await verified;
  expect(await statuses('plain')).toEqual(ALL_WELL);
});
