import { ProjectDeclaration } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import { dependenciesOf } from '../../catalog/index.ts';
import { connect, type Member, TOGETHER_MS } from './connect.ts';
import { reasonFor, rootOf, worst } from './root.ts';

const project = (slug: string, services: Record<string, string[]>, dependsOn: string[] = []) =>
  ProjectDeclaration.parse({
    slug,
    name: slug,
    hubUrl: 'http://127.0.0.1:1',
    dependsOn,
    services: Object.entries(services).map(([name, needs]) => ({ name, dependsOn: needs })),
  });
const GRAPH = dependenciesOf([
  project('veria', { api: ['performia/db'], web: ['api'], mail: [] }),
  project('performia', { db: [], cache: [] }),
  project('rollizr', { shop: ['performia/db', 'other/api'] }),
  project('other', { api: [] }),
  project('ring', { x: ['y'], y: ['x'] }),
]);

const S = 1000;
/** `veria/api@5 I1`: down since second 5, of incident I1. */
const alert = (text: string, more: Partial<Member> = {}): Member => {
  const [, part = '', at = '0', incident] = /^([^@]+)@(\d+)(?: (\w+))?$/.exec(text) ?? [];
  const [slug = '', service] = part.split('/');
  return {
    id: text,
    project: slug,
    service: service ?? null,
    severity: 'critical',
    category: 'availability',
    status: 'open',
    created_at: Number(at) * S,
    incident_id: incident ?? null,
    ...more,
  };
};
const warning = (text: string) => alert(text, { severity: 'warning', category: 'performance' });
const incident = (id: string, from: number, last = from) => ({
  id,
  started_at: from * S,
  last_opening_at: last * S,
});

describe('alerts become one incident', () => {
  it.each<[string, Member[], ReturnType<typeof incident>[], [string[], number, number][]]>([
    ['nothing stands, nothing happens', [], [], []],
    ['one alone', [alert('veria/api@1')], [], [[[], 1, 1]]],
    ['one that has its incident stays', [alert('veria/api@1 I1')], [incident('I1', 1)], []],
    ['along a path', [alert('veria/web@1'), alert('performia/db@1')], [], [[[], 2, 2]]],
    [
      'with the cause that is down for long',
      [alert('performia/db@0 I1'), alert('veria/api@90000')],
      [incident('I1', 0)],
      [[['I1'], 2, 1]],
    ],
    [
      'with what hangs on it, found first',
      [alert('veria/api@1 I1'), alert('performia/db@3')],
      [incident('I1', 1)],
      [[['I1'], 2, 1]],
    ],
    [
      'of which one brings two together',
      [alert('veria/api@1 I2'), alert('rollizr/shop@0 I1'), alert('performia/db@900')],
      [incident('I2', 1), incident('I1', 0)],
      [[['I1', 'I2'], 3, 1]],
    ],
    [
      'not through what they both need while that works',
      [alert('veria/api@1'), alert('rollizr/shop@1')],
      [],
      [
        [[], 1, 1],
        [[], 1, 1],
      ],
    ],
    [
      'not two causes of which nothing that needs both fails',
      [alert('performia/db@1'), alert('other/api@1')],
      [],
      [
        [[], 1, 1],
        [[], 1, 1],
      ],
    ],
    [
      'two causes of one that needs both',
      [alert('performia/db@1'), alert('other/api@1'), alert('rollizr/shop@1')],
      [],
      [[[], 3, 3]],
    ],
    [
      'a warning upstream explains what begins with it',
      [warning('performia/db@0 I1'), alert('veria/api@110')],
      [incident('I1', 0)],
      [[['I1'], 2, 1]],
    ],
    [
      'a warning of yesterday does not',
      [warning('performia/db@0 I1'), alert('veria/api@90000')],
      [incident('I1', 0)],
      [[[], 1, 1]],
    ],
    [
      'in one project when they begin together',
      [alert('veria/mail@0 I1'), alert('veria/api@100')],
      [incident('I1', 0)],
      [[['I1'], 2, 1]],
    ],
    [
      'in one project counted from the newest',
      [alert('veria/mail@0 I1'), alert('veria/web@100 I1'), alert('veria/api@200')],
      [incident('I1', 0, 100)],
      [[['I1'], 3, 1]],
    ],
    ['in one project not later', [alert('veria/mail@0 I1'), alert('veria/api@121')], [incident('I1', 0)], [[[], 1, 1]]],
    [
      'never over projects by time alone',
      [alert('veria/mail@5'), alert('other/api@5'), alert('performia/cache@5')],
      [],
      [
        [[], 1, 1],
        [[], 1, 1],
        [[], 1, 1],
      ],
    ],
    ['in a circle', [alert('ring/x@0'), alert('ring/y@500')], [], [[[], 2, 2]]],
    [
      'two alerts of a part that is down',
      [alert('performia/db@0 I1'), warning('performia/db@500')],
      [incident('I1', 0)],
      [[['I1'], 2, 1]],
    ],
    [
      'projects that nobody declares any more, by project only',
      [alert('gone/a@0'), alert('gone/b@9'), alert('lost/a@9')],
      [],
      [
        [[], 2, 2],
        [[], 1, 1],
      ],
    ],
  ])('%s', (_, alerts, incidents, expected) => {
    const groups = (of: Member[]) =>
      connect(of, incidents, GRAPH)
        .map((group) => [group.incidents, group.alerts.length, group.joining.length])
        .sort((a, b) => Number(b[1]) - Number(a[1]));
    expect(groups(alerts)).toEqual(expected);
    expect(groups(alerts.toReversed())).toEqual(expected);
  });

  it('takes two minutes as together', () => expect(TOGETHER_MS).toBe(120_000));

  it('sorts a thousand that fail at once in a moment, each in its place', () => {
    const services = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`s${n}`, n === 0 ? [] : [`s${n - 1}`]]));
    const graph = dependenciesOf(['a', 'b', 'c', 'd', 'e'].map((slug) => project(slug, services)));
    const alerts = ['a', 'b', 'c', 'd', 'e'].flatMap((slug) =>
      Object.keys(services).map((name, n) => alert(`${slug}/${name}@${n}`)),
    );
    expect(connect(alerts, [], graph).map((group) => group.alerts.length)).toEqual([200, 200, 200, 200, 200]);
  });
});

describe('the root of an incident', () => {
  it.each<[string, Member[], string]>([
    ['the only one', [alert('veria/api@1')], 'veria/api@1'],
    ['the most upstream, though it was found later', [alert('veria/api@1'), alert('performia/db@3')], 'performia/db@3'],
    ['the oldest of those that need nothing', [alert('other/api@2'), alert('performia/db@1')], 'performia/db@1'],
    ['the most severe of one moment', [warning('other/api@1'), alert('performia/db@1')], 'performia/db@1'],
    ['in a circle the oldest', [alert('ring/x@2'), alert('ring/y@1')], 'ring/y@1'],
    ['one that nobody declares like one that needs nothing', [alert('gone/x@1'), alert('veria/mail@2')], 'gone/x@1'],
  ])('is %s', (_, alerts, expected) => {
    expect(rootOf(alerts, GRAPH)?.id).toBe(expected);
    expect(rootOf(alerts.toReversed(), GRAPH)?.id).toBe(expected);
  });

  it('is nobody of none', () => expect(rootOf([], GRAPH)).toBeUndefined());

  it('has the worst severity of its alerts beside it', () => {
    expect(worst(['info', 'warning'])).toBe('warning');
    expect(worst(['warning', 'critical', 'info'])).toBe('critical');
    expect(worst([])).toBe('info');
  });
});

describe('the reason why alerts are one, in words', () => {
  it.each<[Member[], string]>([
    [[alert('veria/api@1')], 'It is the only alert so far.'],
    [
      [alert('performia/db@1'), alert('veria/api@3')],
      'veria/api depends on performia/db, which went down 2 s earlier.',
    ],
    [[alert('performia/db@3'), alert('veria/api@1')], 'veria/api depends on performia/db, which went down 2 s later.'],
    [
      [warning('performia/db@0'), alert('veria/api@0')],
      'veria/api depends on performia/db, which raised an alert at the same time.',
    ],
    [
      [alert('performia/db@0'), alert('veria/api@300'), alert('veria/web@301'), alert('rollizr/shop@302')],
      'veria/api, veria/web and rollizr/shop depend on performia/db, which went down 5 min earlier.',
    ],
    [
      [alert('veria/mail@0'), alert('veria/api@4')],
      'veria/api began to fail together with other parts of the same project.',
    ],
    [[alert('ring/y@0'), alert('ring/x@2')], 'ring/x depends on ring/y, which went down 2 s earlier.'],
    [
      [alert('other/api@0'), alert('performia/db@1'), alert('rollizr/shop@2')],
      'rollizr/shop depends on other/api, which went down 2 s earlier. performia/db began to fail together with what it is connected with.',
    ],
  ])('%#', (alerts, expected) => {
    const root = rootOf(alerts, GRAPH);
    if (!root) throw new Error('there is a root');
    expect(reasonFor(alerts, root, GRAPH)).toBe(expected);
  });

  it('names the first three of many', () => {
    const many = dependenciesOf([
      project('core', { db: [] }),
      ...Array.from({ length: 50 }, (_, n) => project(`p${n}`, { api: ['core/db'] })),
    ]);
    const alerts = [alert('core/db@0'), ...Array.from({ length: 50 }, (_, n) => alert(`p${n}/api@${n + 1}`))];
    expect(reasonFor(alerts, alerts[0] as Member, many)).toBe(
      'p0/api, p1/api, p2/api and 47 more depend on core/db, which went down 1 s earlier.',
    );
  });
});
