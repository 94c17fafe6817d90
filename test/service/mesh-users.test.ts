import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { MeshStatus } from '@orrery/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningHub, runOrrery, startHub } from '../services/hub.ts';
import { type NatsService, startNats } from '../services/nats.ts';
import { until } from '../services/until.ts';
import { audit, kpisOf, presence, projectOf, publish, yamlOf } from './mesh.contract.ts';

type Credentials = { hub: { url: string }; projects: Record<string, { user: string; url: string }[]> };

let nats: NatsService;
let hub: RunningHub;
const open: NatsConnection[] = [];
const yamlFile = () => join(nats.folder, 'orrery.yaml');

async function configure(...more: string[]): Promise<Credentials> {
  const address = nats.url.replace('nats://', '');
  const run = runOrrery([
    ...['mesh', 'config', '--json', '--out', nats.folder, '--config', yamlFile(), '--listen', address],
    ...more,
  ]);
  if ((await run.exited) !== 0) throw new Error(run.stderr());
  return kept();
}
const kept = (): Credentials => JSON.parse(readFileSync(join(nats.folder, 'credentials.json'), 'utf8')) as Credentials;

async function as(slug: string, url: string, prefix = slug): Promise<NatsConnection> {
  const { host, username, password } = new URL(url);
  const connection = await connect({
    servers: host,
    user: username,
    pass: password,
    inboxPrefix: `_INBOX_${prefix}`,
    reconnect: false,
  });
  open.push(connection);
  return connection;
}
const newest = (credentials: Credentials, slug: string) => credentials.projects[slug]?.at(-1)?.url ?? '';

beforeAll(async () => {
  nats = await startNats();
  writeFileSync(yamlFile(), yamlOf(['veria', 'performia']));
  const credentials = await configure();
  nats.configure('include "users.conf"');
  hub = await startHub({ yaml: yamlOf(['veria', 'performia']), env: { ORRERY_NATS_URL: credentials.hub.url } });
  await until(async () => (await hub.api.read<MeshStatus>('/api/fed/mesh')).pending !== undefined, {
    what: 'the hub listens',
  });
});
afterAll(async () => {
  for (const connection of open) await connection.close();
  await hub?.dispose();
  await nats?.stop();
});

describe('one user for each project (threat 20)', () => {
  test('the hub says what an old server means, and the files are for nobody else', async () => {
    const { nats: state } = await hub.api.read<MeshStatus>('/api/fed/mesh');
    expect(state).toMatchObject({ connected: true, version: expect.stringMatching(/^\d+\.\d+/) });
    const old = /^2\.(\d+)\./.exec(state?.version ?? '');
    if (Number(old?.[1]) < 12) expect(state?.warnings.join()).toMatch(/known holes between the users/);
    expect(state?.warnings.join()).not.toMatch(/asks nobody/);
    for (const name of ['users.conf', 'credentials.json'])
      expect(statSync(join(nats.folder, name)).mode & 0o077, name).toBe(0);
  });

  test('a project is heard below its own namespace', async () => {
    const connection = await as('veria', newest(kept(), 'veria'));
    await publish(connection, 'veria.mesh', { subject: 'hub.presence.h1', data: presence('veria', '3.0.0') });
    await until(async () => (await projectOf(hub, 'veria')).version === '3.0.0', { what: 'veria is shown' });
  });

  const FOREIGN = [
    '$JS.API.INFO',
    '$JS.API.STREAM.PURGE.ORRERY_MESH',
    '$JS.API.STREAM.DELETE.ORRERY_MESH',
    '$JS.API.STREAM.MSG.GET.ORRERY_MESH',
    '$JS.API.CONSUMER.MSG.NEXT.ORRERY_MESH.orrery-meta',
    '$JS.ACK.ORRERY_MESH.orrery-meta.1.1.1.1.1',
    '$SYS.REQ.SERVER.PING',
    'performia.mesh.hub.presence.h1',
    'performia.mesh.audit.summary.status',
    'performia.mesh.audit.requested.security',
    'veria.mesh.audit.requested.security',
    'veria.mesh.something.else',
    '_INBOX_HUB.x',
    '_INBOX_performia.x',
  ];
  test.each(FOREIGN)('veria may not publish to %s', async (subject) => {
    const connection = await as('veria', newest(kept(), 'veria'));
    const violation = nextViolation(connection);
    connection.publish(subject, '{}');
    await connection.flush();
    expect(await violation).toMatch(/permissions violation for publish/i);
  });

  const LISTENED = [
    '>',
    '*.summary.*',
    '*.mesh.>',
    'performia.mesh.>',
    'performia.mesh.action.requested.>',
    'veria.mesh.hub.presence.h1',
    '$JS.API.>',
    '$JS.EVENT.>',
    '$SYS.>',
    '_INBOX.>',
    '_INBOX_HUB.>',
    '_INBOX_performia.>',
  ];
  test.each(LISTENED.flatMap((subject) => [[subject, 'plain'] as const, [subject, 'queue'] as const]))(
    'veria may not subscribe to %s, %s',
    async (subject, how) => {
      const connection = await as('veria', newest(kept(), 'veria'));
      const violation = nextViolation(connection);
      connection.subscribe(subject, { callback: () => undefined, ...(how === 'queue' ? { queue: 'q' } : {}) });
      expect(await violation).toMatch(/permissions violation for subscription/i);
    },
  );

  test('a leaked key can lie about its own project alone, and is taken away while the new one works', async () => {
    const first = kept();
    const leaked = await as('veria', newest(first, 'veria'));
    const before = await projectOf(hub, 'performia');
    // What it can do: say anything of its own project.
    await publish(leaked, 'veria.mesh', { subject: 'audit.summary.status', data: audit('veria', 666) });
    await until(async () => (await kpisOf(hub, 'veria')).auditsOk === 666, { what: 'the lie is shown' });
    // And what it cannot: another's figures, with its name in the payload.
    await publish(leaked, 'veria.mesh', { subject: 'audit.summary.status', data: audit('performia', 666) });
    expect(await projectOf(hub, 'performia')).toEqual(before);

    const performia = await as('performia', newest(first, 'performia'));
    let dropped = false;
    void performia.closed().then(() => {
      dropped = true;
    });
    const rotated = await configure('--rotate', 'veria', '--reload');
    expect(rotated.projects.veria).toHaveLength(2);
    expect(newest(rotated, 'performia')).toBe(newest(first, 'performia'));
    const fresh = await until(() => as('veria', newest(rotated, 'veria')), { what: 'the new credential is known' });
    await publish(leaked, 'veria.mesh', { subject: 'audit.summary.status', data: audit('veria', 667) });
    await publish(fresh, 'veria.mesh', { subject: 'audit.summary.status', data: audit('veria', 12) });
    await until(async () => (await kpisOf(hub, 'veria')).auditsOk === 12, { what: 'the new one is heard' });

    await configure('--revoke', 'veria', '--reload');
    await until(() => leaked.isClosed(), { what: 'the leaked one is cut off' });
    await expect(as('veria', newest(first, 'veria'))).rejects.toThrow(/authorization/i);
    await publish(fresh, 'veria.mesh', { subject: 'audit.summary.status', data: audit('veria', 13) });
    await until(async () => (await kpisOf(hub, 'veria')).auditsOk === 13, { what: 'nobody else noticed' });
    await publish(performia, 'performia.mesh', { subject: 'hub.presence.h1', data: presence('performia', '9.0.0') });
    await until(async () => (await projectOf(hub, 'performia')).version === '9.0.0', { what: 'performia goes on' });
    expect(dropped).toBe(false);
  });

  test('a project that is added is heard, one that is removed is not, and the others stay connected', async () => {
    const before = kept();
    const veria = await as('veria', newest(before, 'veria'));
    writeFileSync(yamlFile(), yamlOf(['veria', 'rollizr']));
    const after = await configure('--reload');
    writeFileSync(hub.configFile, yamlOf(['veria', 'rollizr']));
    const rollizr = await until(() => as('rollizr', newest(after, 'rollizr')), { what: 'the new project may connect' });
    await until(async () => projectOf(hub, 'rollizr').catch(() => undefined), { what: 'the hub knows it too' });
    await publish(rollizr, 'rollizr.mesh', { subject: 'hub.presence.h1', data: presence('rollizr', '1.1.1') });
    await until(async () => (await projectOf(hub, 'rollizr')).version === '1.1.1', { what: 'it is heard' });
    await expect(as('performia', newest(before, 'performia'))).rejects.toThrow(/authorization/i);
    await publish(veria, 'veria.mesh', { subject: 'hub.presence.h1', data: presence('veria', '4.0.0') });
    await until(async () => (await projectOf(hub, 'veria')).version === '4.0.0', { what: 'veria goes on' });
  });
});

/** The next complaint of the server about what this connection may do. */
async function nextViolation(connection: NatsConnection): Promise<string> {
  for await (const status of connection.status()) if (status.type === 'error') return status.error.message;
  return 'the connection ended';
}
