import { describe, expect, test } from 'vitest';
import { digest } from './digest.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const SENDER = { slug: 'veria', meshNs: 'veria.mesh' };
const event = (subject: string, data: unknown, more: object = {}) => ({
  specversion: '1.0',
  id: 'e1',
  source: 'http://veria.test',
  type: `veria.mesh.${subject}`,
  time: '2026-03-01T11:59:00Z',
  data,
  ...more,
});
const read = (raw: unknown, sender: { slug: string; meshNs?: string } = SENDER) => {
  const result = digest(raw, sender, NOW);
  return 'ok' in result ? result.ok : result.refused;
};
const MINUTE_AGO = NOW - 60_000;
const presence = { projectSlug: 'veria', meshNs: 'veria.mesh', hubUrl: 'http://veria.test', version: '2.7.1' };

describe('what a pushed event comes to', () => {
  test.each([
    [
      'audit.summary.status',
      { projectSlug: 'veria', ok: 5, warn: 1, fail: 0, lastRun: '2020-01-01T00:00:00Z' },
      [
        ['audit.ok', 5],
        ['audit.warn', 1],
        ['audit.fail', 0],
        ['audit.last_run_at', Date.parse('2020-01-01T00:00:00Z')],
      ],
    ],
    [
      'security.summary.status',
      { projectSlug: 'veria', vulnsCritical: 1, vulnsHigh: 2, lastScan: '2026-03-01T00:00:00Z' },
      [
        ['security.vulns_critical', 1],
        ['security.vulns_high', 2],
        ['security.last_scan_at', Date.parse('2026-03-01T00:00:00Z')],
      ],
    ],
    [
      'deploy.summary.status',
      { projectSlug: 'veria', envs: [], versions: [], lastDeployedAt: '2026-02-28T00:00:00Z' },
      [['deploy.last_deployed_at', Date.parse('2026-02-28T00:00:00Z')]],
    ],
    [
      'graph.summary.nodes',
      { projectSlug: 'veria', counts: { files: 1, symbols: 2, tasks: 3, audits: 4 }, ts: '2026-03-01T11:59:00Z' },
      [
        ['graph.files', 1],
        ['graph.symbols', 2],
        ['graph.tasks', 3],
        ['graph.audits', 4],
      ],
    ],
    [
      'hub.health.h1',
      { status: 'degraded', latencyMs: 12, degradedReasons: [], sampleAt: '2026-03-01T11:59:00Z' },
      [
        ['health.latency_ms', 12],
        ['health.status', 'degraded'],
      ],
    ],
  ])('%s: samples, dated as the sender says', (subject, data, samples) => {
    const result = read(event(subject, data));
    expect(result).toMatchObject({
      samples: samples.map(([key, value]) => ({ key, value, at: MINUTE_AGO })),
      events: [],
    });
  });

  test('presence: a sighting with the version', () => {
    expect(read(event('hub.presence.h1', presence))).toMatchObject({
      seen: { at: NOW, version: '2.7.1' },
      samples: [],
    });
  });

  test('a product event: the same text, id and time', () => {
    const data = { title: '<img src=x onerror=alert(1)>\u001b[31m red', n: 1 };
    expect(read(event('events.lead.created', data))).toMatchObject({
      events: [
        {
          id: 'e1',
          type: 'lead.created',
          project: 'veria',
          title: '<img src=x onerror=alert(1)> [31m red',
          data,
          at: MINUTE_AGO,
        },
      ],
    });
  });

  test('an edge, and what was called of others: the catalog is told', () => {
    const edge = { fromProject: 'veria', toProject: 'performia', kind: 'api', strength: 0.5 };
    expect(read(event('integration.edge', edge))).toMatchObject({
      events: [],
      edges: { hints: [{ to: 'performia', kind: 'api', strength: 0.5, proof: {} }] },
    });
    const calls = {
      projectSlug: 'veria',
      windowMs: 60_000,
      hosts: [{ host: 'h:1', calls: 3 }],
      ts: '1970-01-01T00:00:00Z',
    };
    expect(read(event('calls.summary.outgoing', calls))).toMatchObject({
      edges: { calls: [{ host: 'h:1', calls: 3, failed: 0, windowMs: 60_000, at: NOW }] },
    });
  });

  test.each([
    ['absent', undefined],
    ['ten minutes ahead', '2026-03-01T12:10:00Z'],
  ])('a time that is %s becomes the time of arrival', (_what, time) => {
    expect(read(event('events.x', {}, { time }))).toMatchObject({ events: [{ at: NOW }] });
  });

  test('what is more than seven days old is refused: whether it came before is no longer known', () => {
    expect(read(event('events.x', {}, { time: '2026-02-22T11:59:59Z' }))).toMatchObject({ why: 'event_stale' });
    expect(read(event('events.x', {}, { time: '2026-02-22T12:00:00Z' }))).toMatchObject({ id: 'e1', events: [{}] });
  });

  test('a later version of a message is kept as it came', () => {
    expect(read(event('audit.summary.status.v2', { grade: 'a' }))).toMatchObject({
      samples: [],
      events: [{ type: 'mesh.unknown_version', data: { subject: 'audit.summary.status.v2', payload: { grade: 'a' } } }],
    });
    expect(read(event('audit.summary.status.v2', { projectSlug: 'other' }))).toMatchObject({ why: 'event_project' });
    expect(read(event('no.such.thing.v2', {}))).toMatchObject({ why: 'event_subject' });
  });

  test.each([['metrics.samples'], ['veria.mesh.metrics.samples']])(
    '%s is taken with and without the namespace',
    (type) => {
      expect(read({ ...event('', { projectSlug: 'veria', samples: [{ key: 'a', value: 1 }] }), type })).toMatchObject({
        samples: [{ key: 'a', value: 1 }],
      });
    },
  );

  test('a project without a declared namespace has the usual one', () => {
    expect(read(event('events.x', {}), { slug: 'veria' })).toMatchObject({ events: [{ type: 'x' }] });
  });

  test('samples that have no shape of one are counted, the others are kept as they are', () => {
    const samples = [
      { key: 'good', value: 1, at: '2026-03-01T11:59:00Z', unit: 'ms', service: 'api', tags: { tier: 'pro' } },
      { key: 'huge', value: 1e308 * 10 },
      ...[
        'text',
        null,
        5,
        [],
        { key: 5, value: 1 },
        { key: 'k' },
        { key: 'k', value: null },
        { key: 'k', value: {} },
        { key: 'k', value: 1, tags: [] },
        { key: 'k', value: 'a\u0000b' },
      ],
      { key: 'k', value: 1, at: 'yesterday' },
      JSON.parse('{"__proto__":{"key":"k","value":1}}'),
    ];
    const result = read(event('metrics.samples', { projectSlug: 'veria', samples }));
    expect(result).toMatchObject({
      samples: [
        { key: 'good', value: 1, at: MINUTE_AGO, unit: 'ms', service: 'api', tags: { tier: 'pro' } },
        { key: 'huge', value: Number.POSITIVE_INFINITY },
      ],
      refused: { bad_shape: 11, bad_time: 1 },
    });
  });
});

describe('what is refused, with its field', () => {
  const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
  test.each([
    ['no object', 'text', '(whole)', 'event_shape'],
    ['no id', event('events.x', {}, { id: undefined }), 'id', 'event_shape'],
    ['an id of a list', event('events.x', {}, { id: ['a'] }), 'id', 'event_shape'],
    ['an id of 129 characters', event('events.x', {}, { id: 'x'.repeat(129) }), 'id', 'event_shape'],
    ['an id that no database keeps', event('events.x', {}, { id: 'a\u0000b' }), 'id', 'event_shape'],
    ['another version', event('events.x', {}, { specversion: '0.3' }), 'specversion', 'event_shape'],
    ['a time that is none', event('events.x', {}, { time: 'now' }), 'time', 'event_shape'],
    ['the namespace of another', event('', {}, { type: 'performia.mesh.events.x' }), 'type', 'event_namespace'],
    ['an unknown subject', event('nonsense', {}), 'type', 'event_subject'],
    ['its own placeholder', event('hub.presence.<hubId>', presence), 'type', 'event_subject'],
    ['a subject of JavaScript', event('', {}, { type: 'constructor' }), 'type', 'event_subject'],
    [
      'another project',
      event('metrics.samples', { projectSlug: 'performia', samples: [] }),
      'data.projectSlug',
      'event_project',
    ],
    [
      'another project in an event',
      event('events.x', { projectSlug: 'performia' }),
      'data.projectSlug',
      'event_project',
    ],
    [
      'an edge of another',
      event('integration.edge', { fromProject: 'performia', toProject: 'veria', kind: 'api', strength: 1 }),
      'data.fromProject',
      'event_project',
    ],
    [
      'presence in another namespace',
      event('hub.presence.h1', { ...presence, meshNs: 'x.mesh' }),
      'data.meshNs',
      'event_namespace',
    ],
    [
      'a field of the wrong type',
      event('audit.summary.status', {
        projectSlug: 'veria',
        ok: '5',
        warn: 0,
        fail: 0,
        lastRun: '2026-03-01T00:00:00Z',
      }),
      'data.ok',
      'event_payload',
    ],
    [
      'a negative count',
      event('audit.summary.status', {
        projectSlug: 'veria',
        ok: -1,
        warn: 0,
        fail: 0,
        lastRun: '2026-03-01T00:00:00Z',
      }),
      'data.ok',
      'event_payload',
    ],
    [
      'more samples than one message may hold',
      event('metrics.samples', { projectSlug: 'veria', samples: new Array(5001).fill({ key: 'k', value: 1 }) }),
      'data.samples',
      'event_payload',
    ],
    ['100,000 levels', event('events.x', deep), 'data', 'event_size'],
    ['300 kB of data', event('events.x', { text: 'x'.repeat(300_000) }), 'data', 'event_size'],
  ])('%s', (_what, raw, field, why) => {
    expect(read(raw)).toMatchObject({ field, why, reason: expect.any(String) });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});
