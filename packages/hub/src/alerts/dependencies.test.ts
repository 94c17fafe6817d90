import { ProjectDeclaration } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import { dependenciesOf } from '../catalog/index.ts';
import { inhibitions, type Living, upstreamParts } from './dependencies.ts';

const project = (slug: string, services: Record<string, string[]>, dependsOn: string[] = []) =>
  ProjectDeclaration.parse({
    slug,
    name: slug,
    hubUrl: 'http://127.0.0.1:1',
    dependsOn,
    services: Object.entries(services).map(([name, needs]) => ({ name, dependsOn: needs })),
  });
/** `veria/api@5`: down since 5. */
const down = (text: string, more: Partial<Living> = {}): Living => {
  const [part = '', at = '0'] = text.split('@');
  const [slug = '', service] = part.split('/');
  return {
    id: part,
    project: slug,
    service: service ?? null,
    severity: 'critical',
    category: 'availability',
    status: 'open',
    created_at: Number(at),
    ...more,
  };
};

const CHAIN = [project('a', { web: ['api'], api: ['b/db'] }), project('b', { db: ['disk'], disk: [] })];
const DIAMOND = [project('a', { top: ['left', 'right'], left: ['base'], right: ['base'], base: [] })];
const CIRCLE = [project('a', { x: ['y'], y: ['z'], z: ['x'], leaf: ['x'] })];
const WHOLE = [project('a', { api: [] }, ['b']), project('b', { db: [], web: [] })];

describe('what explains an alert', () => {
  it.each<[string, ReturnType<typeof project>[], Living[], Record<string, string>]>([
    ['nothing, alone', CHAIN, [down('a/web')], {}],
    ['what it needs', CHAIN, [down('a/api'), down('b/db')], { 'a/api': 'b/db' }],
    ['what it needs at the other end of a chain', CHAIN, [down('a/web'), down('b/disk')], { 'a/web': 'b/disk' }],
    [
      'the furthest of several, which is explained by nothing',
      CHAIN,
      [down('a/web@1'), down('a/api@2'), down('b/db@3'), down('b/disk@4')],
      { 'a/web': 'b/disk', 'a/api': 'b/disk', 'b/db': 'b/disk' },
    ],
    ['never what needs it', CHAIN, [down('a/api@1'), down('a/web@2')], { 'a/web': 'a/api' }],
    [
      'the one base of a diamond',
      DIAMOND,
      [down('a/top@1'), down('a/left@2'), down('a/right@3'), down('a/base@4')],
      { 'a/top': 'a/base', 'a/left': 'a/base', 'a/right': 'a/base' },
    ],
    [
      'the older of two causes',
      DIAMOND,
      [down('a/top@3'), down('a/left@2'), down('a/right@1')],
      { 'a/top': 'a/right' },
    ],
    [
      'in a circle the oldest, and that one by nothing',
      CIRCLE,
      [down('a/x@3'), down('a/y@1'), down('a/z@2'), down('a/leaf@0')],
      { 'a/x': 'a/y', 'a/z': 'a/y', 'a/leaf': 'a/y' },
    ],
    ['a part in a circle not by itself', CIRCLE, [down('a/x@1'), down('a/x@2', { id: 'slow' })], {}],
    ['any service of a project that is needed whole', WHOLE, [down('a/api'), down('b/web')], { 'a/api': 'b/web' }],
    ['the project as a whole, when that is down', WHOLE, [down('a/api'), down('b')], { 'a/api': 'b' }],
    ['not another alert of the same part', CHAIN, [down('b/disk@1'), down('b/disk@2', { id: 'slow' })], {}],
    ['nothing across projects that do not depend', CHAIN, [down('b/db'), down('c/api')], {}],
    ['no warning', CHAIN, [down('a/api'), down('b/db', { severity: 'warning' })], {}],
    ['nothing but an outage', CHAIN, [down('a/api'), down('b/db', { category: 'performance' })], {}],
    ['nothing that was put aside', CHAIN, [down('a/api'), down('b/db', { status: 'ignored' })], {}],
    ['also what somebody is on', CHAIN, [down('a/api'), down('b/db', { status: 'acknowledged' })], { 'a/api': 'b/db' }],
    [
      'whatever is wrong with what hangs on it, but security',
      CHAIN,
      [
        down('a/api', { id: 'errors', category: 'performance', severity: 'warning' }),
        down('a/api', { id: 'leak', category: 'security' }),
        down('b/db'),
      ],
      { errors: 'b/db' },
    ],
  ])('%s', (_, projects, alerts, expected) => {
    const graph = dependenciesOf(projects);
    expect(Object.fromEntries(inhibitions(alerts, graph))).toEqual(expected);
    // The order in which rows are read changes nothing.
    expect(Object.fromEntries(inhibitions(alerts.toReversed(), graph))).toEqual(expected);
  });

  it('leaves somebody to be told of, whatever the graph', () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % below;
    };
    for (let round = 0; round < 300; round++) {
      const names = Array.from({ length: 2 + random(8) }, (_, n) => `s${n}`);
      const services = Object.fromEntries(names.map((name) => [name, names.filter(() => random(4) === 0)]));
      const alerts = names.filter(() => random(2) === 0).map((name) => down(`a/${name}@${random(3)}`));
      const explained = inhibitions(alerts, dependenciesOf([project('a', services)]));
      for (const [id, by] of explained) {
        expect(explained.has(by), `${by}, which explains ${id}, is explained itself`).toBe(false);
        expect(by).not.toBe(id);
      }
      if (alerts.length > 0) expect(explained.size).toBeLessThan(alerts.length);
    }
  });
});

describe('what is looked at when a part fails', () => {
  it('is all that it needs, nearest first, up to a limit', () => {
    const graph = dependenciesOf(CHAIN);
    expect(upstreamParts(graph, { project: 'a', service: 'web' })).toEqual(['a/api', 'b/db', 'b/disk']);
    expect(upstreamParts(graph, { project: 'a', service: 'web' }, 2)).toEqual(['a/api', 'b/db']);
    expect(upstreamParts(dependenciesOf(CIRCLE), { project: 'a', service: 'x' }).sort()).toEqual(['a/y', 'a/z']);
    expect(upstreamParts(graph, { project: 'b', service: 'disk' })).toEqual([]);
    expect(upstreamParts(graph, { project: 'elsewhere', service: null })).toEqual([]);
  });
});
