import { type ProjectDeclaration, ProjectDeclaration as Schema } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import { components } from './components.ts';
import { dependenciesOf } from './dependencies.ts';

const project = (slug: string, services: object[] = [], dependsOn: string[] = []): ProjectDeclaration =>
  Schema.parse({ slug, name: slug, hubUrl: 'http://127.0.0.1:1', services, dependsOn });
const http = (more: object = {}) => ({ kind: 'http', url: 'http://127.0.0.1:1/', ...more });

/** All that a part needs, directly or not. */
function needs(projects: ProjectDeclaration[], slug: string, service: string | null): string[] {
  const { groups, groupOf } = dependenciesOf(projects);
  const start = groupOf(slug, service);
  if (start === undefined) return ['not declared'];
  const seen = new Set([start]);
  for (const group of seen) for (const each of groups[group]?.upstream ?? []) seen.add(each);
  const own = service === null ? slug : `${slug}/${service}`;
  return [...seen]
    .flatMap((group) => groups[group]?.parts ?? [])
    .filter((part) => part !== own)
    .sort();
}

describe('the dependency graph', () => {
  it.each<[string, ProjectDeclaration[], [string, string | null], string[]]>([
    ['nothing declared', [project('a', [{ name: 'x' }])], ['a', 'x'], []],
    [
      'a service of the same project by its name',
      [project('a', [{ name: 'x', dependsOn: ['db'] }, { name: 'db' }])],
      ['a', 'x'],
      ['a/db'],
    ],
    [
      'a service of another project',
      [project('a', [{ name: 'x', dependsOn: ['b/db'] }]), project('b', [{ name: 'db' }, { name: 'other' }])],
      ['a', 'x'],
      ['b/db'],
    ],
    [
      'a whole project, with each of its services',
      [project('a', [{ name: 'x', dependsOn: ['b'] }]), project('b', [{ name: 'db' }, { name: 'web' }])],
      ['a', 'x'],
      ['b', 'b/db', 'b/web'],
    ],
    [
      'what its project depends on',
      [project('a', [{ name: 'x' }], ['b']), project('b', [{ name: 'db' }])],
      ['a', 'x'],
      ['b', 'b/db'],
    ],
    [
      'a service before a project of the same name',
      [project('a', [{ name: 'x', dependsOn: ['b'] }, { name: 'b' }]), project('b', [{ name: 'db' }])],
      ['a', 'x'],
      ['a/b'],
    ],
    [
      'a chain over projects',
      [
        project('a', [{ name: 'x', dependsOn: ['b/y'] }]),
        project('b', [{ name: 'y', dependsOn: ['c/z'] }]),
        project('c', [{ name: 'z' }]),
      ],
      ['a', 'x'],
      ['b/y', 'c/z'],
    ],
    ['itself', [project('a', [{ name: 'x', dependsOn: ['x', 'a', 'a/x'] }], ['a'])], ['a', 'x'], []],
    ['what nobody declares', [project('a', [{ name: 'x', dependsOn: ['gone', 'gone/db'] }], ['off'])], ['a', 'x'], []],
    [
      'a circle',
      [project('a', [{ name: 'x', dependsOn: ['y'] }, { name: 'y', dependsOn: ['x'] }, { name: 'w' }])],
      ['a', 'x'],
      ['a/y'],
    ],
    [
      'for a service that nobody declares: what its project needs',
      [project('a', [], ['b']), project('b', [{ name: 'db' }])],
      ['a', 'unheard-of'],
      ['a', 'b', 'b/db'],
    ],
    ['a project that nobody declares', [], ['a', 'x'], ['not declared']],
  ])('%s', (_, projects, [slug, service], expected) => {
    expect(needs(projects, slug, service)).toEqual(expected);
  });

  it('puts what is needed before what needs it, and whole circles into one group', () => {
    const { groups } = dependenciesOf([
      project('a', [{ name: 'x', dependsOn: ['b/y'] }]),
      project('b', [{ name: 'y', dependsOn: ['c/z'] }]),
      project('c', [{ name: 'z', dependsOn: ['b/y'] }]),
    ]);
    for (const [index, { upstream }] of groups.entries()) for (const each of upstream) expect(each).toBeLessThan(index);
    expect(groups.map(({ parts }) => [...parts].sort())).toContainEqual(['b/y', 'c/z']);
  });

  it('knows how long it takes until the slowest of what is needed is known to be down', () => {
    const projects = [
      project('a', [{ name: 'x', dependsOn: ['b/y'], probes: [http({ interval: '1h' })] }]),
      project('b', [{ name: 'y', dependsOn: ['c'], probes: [http({ interval: '2s', timeout: '1s', failAfter: 1 })] }]),
      project('c', [
        { name: 'z', probes: [http({ interval: '3s', timeout: '1s', failAfter: 2, recoverAfter: 4 })] },
        { name: 'job', probes: [{ kind: 'heartbeat', interval: '1d' }] },
      ]),
    ];
    const { groups, groupOf } = dependenciesOf(projects);
    const of = (slug: string, service: string) => groups[groupOf(slug, service) ?? -1];
    expect(of('a', 'x')?.upstreamDownMs).toBe(7000);
    expect(of('b', 'y')).toMatchObject({ downMs: 3000, upstreamDownMs: 7000 });
    expect(of('c', 'z')).toMatchObject({ downMs: 7000, upMs: 13_000, upstreamDownMs: 0 });
    expect(of('c', 'job')).toMatchObject({ downMs: 0, upstreamDownMs: 0 });
  });

  it('takes chains and circles of any length', () => {
    const chain = Array.from({ length: 50_000 }, (_, n) => (n === 0 ? [] : [n - 1]));
    expect(components(chain).members).toHaveLength(50_000);
    const circle = Array.from({ length: 50_000 }, (_, n) => [(n + 1) % 50_000]);
    expect(components(circle).members).toHaveLength(1);
  });
});
