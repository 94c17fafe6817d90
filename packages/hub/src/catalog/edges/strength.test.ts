import { describe, expect, it } from 'vitest';
import type { EdgeRow } from '../tables.ts';
import { hostIndex, hostOf } from './hosts.ts';
import { decayed, edgesOf, merged, type Report, strengthOfCalls } from './strength.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2026-03-01T12:00:00Z');
const report = (at: number, strength: number, more: Partial<Report> = {}): Report => ({
  ...{ from: 'a', to: 'b', kind: 'api', source: 'hint', at, strength, calls: null, proof: null },
  ...more,
});
const mergeAll = (reports: readonly Report[]) =>
  reports.reduce<EdgeRow | undefined>((row, one) => merged(row, one, DAY), undefined) as EdgeRow;

describe('the strength of an edge', () => {
  it.each([
    ['now', 0, 0.8],
    ['a half-life later', DAY, 0.4],
    ['two later', 2 * DAY, 0.2],
    ['by a clock that was set back', -DAY, 0.8],
  ])('is, %s', (_when, later, left) => {
    expect(decayed(0.8, NOW, NOW + later, DAY)).toBeCloseTo(left, 10);
  });

  it.each([
    [0, 0],
    [9, 0.25],
    [99, 0.5],
    [9999, 1],
    [1e9, 1],
  ])('of %d calls an hour is %d', (calls, strength) => expect(strengthOfCalls(calls)).toBeCloseTo(strength, 10));

  it('of hints is that of the newest, whatever order they come in', () => {
    const [first, second] = [report(NOW - 2000, 0.9), report(NOW - 1000, 0.4, { proof: '{"x":1}' })];
    const want = { strength: 0.4, proof_at: NOW - 1000, first_at: NOW - 2000, reports: 2, proof: '{"x":1}' };
    expect(mergeAll([first, second])).toMatchObject(want);
    expect(mergeAll([second, first])).toMatchObject(want);
  });

  it('of calls is the strongest that has not faded, in any order of 50 reports', () => {
    const reports = Array.from({ length: 50 }, (_, i) =>
      report(NOW - ((i * 7919) % 50) * 3_600_000, ((i * 31) % 50) / 50, { source: 'learned', calls: i }),
    );
    const clean = mergeAll(reports.toSorted((a, b) => a.at - b.at));
    for (const order of [reports, [...reports].reverse(), reports.toSorted((a, b) => a.strength - b.strength)]) {
      const row = mergeAll(order);
      expect(row).toMatchObject({ proof_at: clean.proof_at, calls: clean.calls, reports: 50 });
      expect(row.strength).toBeCloseTo(clean.strength, 10);
    }
  });
});

describe('the edges of now', () => {
  const projects = [
    { slug: 'a', dependsOn: ['b', 'gone', 'a'], edges: [{ to: 'c', kind: 'queue' as const, strength: 0.3 }] },
    { slug: 'b', dependsOn: [], edges: [] },
    { slug: 'c', dependsOn: [] },
  ];
  const row = (more: Partial<EdgeRow>): EdgeRow => ({ ...mergeAll([report(NOW, 0.5)]), ...more });

  it('are one for each pair and kind, with where it is known from and how strong the strongest says it is', () => {
    const rows = [row({}), row({ source: 'learned', strength: 0.7, calls: 12.34, proof: '{"hosts":["h:1"]}' })];
    expect(edgesOf(projects, rows, NOW, DAY)).toEqual([
      { id: 'a:c:queue', from: 'a', to: 'c', kind: 'queue', strength: 0.3, sources: ['declared'], lastProofAt: null },
      {
        ...{ id: 'a:b:api', from: 'a', to: 'b', kind: 'api', strength: 1, sources: ['declared', 'hint', 'learned'] },
        ...{ lastProofAt: '2026-03-01T12:00:00.000Z', calls: 12.3 },
      },
    ]);
  });

  it('are without those that have faded, and those whose ends are not both here', () => {
    const rows = [
      row({ from_project: 'b', to_project: 'c', proof_at: NOW - 10 * DAY }),
      row({ from_project: 'b', to_project: 'stranger' }),
      row({ from_project: 'c', to_project: 'b', proof_at: NOW - DAY }),
    ];
    const found = edgesOf(projects, rows, NOW, DAY).filter(({ sources }) => !sources?.includes('declared'));
    expect(found).toMatchObject([{ id: 'c:b:api', strength: 0.25 }]);
  });
});

describe('whose a host is', () => {
  it.each([
    ['https://Veria.example.com/api', 'veria.example.com:443'],
    ['http://127.0.0.1:5401', '127.0.0.1:5401'],
    ['http://[::1]:80/', '[::1]:80'],
    ['redis://x:1', undefined],
    ['nonsense', undefined],
  ])('%s is at %s', (url, host) => expect(hostOf(url)).toBe(host));

  it('is the project that is reached there, and nobody where two are', () => {
    const project = (slug: string, hubUrl: string, url?: string) => ({
      ...{ slug, hubUrl },
      services: url ? [{ name: 'x', kind: 'service', dependsOn: [], probes: [{ kind: 'http', url }] as never }] : [],
    });
    const index = hostIndex([
      project('a', 'http://one:1'),
      project('b', 'http://two:1', 'http://side:2/health'),
      project('c', 'http://shared:1'),
      project('d', 'http://shared:1', 'http://one:1/x'),
    ]);
    expect(['one:1', 'SIDE:2', 'shared:1', 'nowhere:1'].map(index.projectAt)).toEqual(['a', 'b', undefined, undefined]);
  });
});
