import { describe, expect, test } from 'vitest';
import { until } from '../../../../test/services/until.ts';
import { compileProbes } from './compile.ts';
import { project, room, target } from './testing.ts';

const idsOf = (...probes: Record<string, unknown>[]) =>
  compileProbes([project('veria', 'http://veria.example', probes)]).map(({ id }) => id);

describe('the id of a probe', () => {
  test.each([
    ['postgres', { url: 'postgres://ada:one@db/x' }, { url: 'postgres://eve:two@db:5432/x' }],
    ['redis', { url: 'redis://:one@db' }, { url: 'redis://:two@db:6379' }],
    ['prometheus', { url: 'http://a:one@h/m?t=1' }, { url: 'http://b:two@h/m?t=2' }],
    ['tcp', { host: 'h', port: 1, send: 'one' }, { host: 'h', port: 1, send: 'two' }],
    ['docker', { container: 'web' }, { container: 'web', interval: '9s' }],
  ])('of a %s stays when its secrets change', (kind, before, after) => {
    expect(idsOf({ kind, ...after })).toEqual(idsOf({ kind, ...before }));
  });

  test.each([
    ['postgres', { url: 'postgres://db/x' }, { url: 'postgres://db/y' }],
    ['redis', { url: 'redis://db/0' }, { url: 'redis://db/1' }],
    ['tcp', { host: 'h', port: 1 }, { host: 'h', port: 2 }],
    ['dns', { name: 'a.example' }, { name: 'a.example', record: 'MX' }],
    ['tls', { host: 'h' }, { host: 'h', port: 8443 }],
    ['docker', { container: 'web' }, { container: 'web', socket: '/run/other.sock' }],
    ['prometheus', { url: 'http://h/m' }, { url: 'http://h/n' }],
  ])('of a %s changes with its target', (kind, before, after) => {
    const both = [
      { kind, ...before },
      { kind, ...after },
    ];
    expect(new Set(both.flatMap((probe) => idsOf(probe))).size).toBe(2);
    expect(new Set(idsOf(...both)).size).toBe(2);
  });

  test('of an http, instance and heartbeat probe is what it always was', () => {
    const ids = idsOf({ kind: 'http', url: 'http://a/' }, { kind: 'instance' }, { kind: 'heartbeat', interval: '1m' });
    expect(ids).toEqual([
      'prb_11335f11125ae3a4c2669618',
      'prb_595c6bab31677ac05bebe320',
      'prb_a2d02a22801e11119e6c08b6',
    ]);
  });
});

test('what a page shows is kept under its service, and two pages of one service apart', async ({ onTestFinished }) => {
  const own = await room(onTestFinished);
  const pages = await Promise.all(
    ['a{x="1"} 1\n', 'a{x="1"} 2\n'].map(async (text) => {
      const server = await target((_, response) => void response.end(text));
      onTestFinished(server.stop);
      return { kind: 'prometheus', url: `${server.url}/metrics` };
    }),
  );
  const kit = own.opened();
  await kit.intake.sync([project('veria', 'http://veria.example', pages)]);
  await kit.intake.start();
  const { db } = own.database;
  const rows = await until(
    async () => {
      const found = await db
        .withTables<{ series: { key: string; service: string; tags: string } }>()
        .selectFrom('series')
        .select(['service', 'tags'])
        .where('key', '=', 'a')
        .orderBy('tags')
        .execute();
      return found.length === 2 && found;
    },
    { what: 'both series are stored' },
  );
  expect(rows).toEqual([
    { service: 'api', tags: '{"probe":"2","x":"1"}' },
    { service: 'api', tags: '{"x":"1"}' },
  ]);
});
