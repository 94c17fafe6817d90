import { describe, expect, it } from 'vitest';
import {
  FileDeclaration,
  formatDuration,
  ProjectDeclaration,
  ProjectInput,
  parseDuration,
  parseSubject,
  permissionsOf,
  ROLES,
} from './index.ts';

describe('durations', () => {
  it.each([
    ['500ms', 500],
    ['5s', 5000],
    ['15m', 900_000],
    ['1.5h', 5_400_000],
    ['30d', 2_592_000_000],
    ['5', undefined],
    ['s5', undefined],
    ['-5s', undefined],
    ['5 s', undefined],
    ['', undefined],
  ])('%s reads as %s ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

  it('are written as they are read', () => {
    for (const ms of [1, 999, 1000, 61_000, 3_600_000, 86_400_000, 90_061_001])
      expect(parseDuration(formatDuration(ms))).toBe(ms);
  });
});

describe('an API key', () => {
  const declared = (apiKey: string) =>
    ProjectDeclaration.safeParse({ slug: 'a', name: 'A', hubUrl: 'http://a.example', apiKey }).success;
  it.each(['k', 'sk-live_0123=', 'two words'])('may be %j', (key) => expect(declared(key)).toBe(true));
  it.each(['', ' padded ', 'line\n', 'a\nb', 'ключ', 'nul\0'])('cannot be %j: no header carries it', (key) =>
    expect(declared(key)).toBe(false),
  );
});

describe('mesh subjects', () => {
  it.each([
    ['veria.mesh.hub.presence.h1', 'veria.mesh', 'hub.presence.<hubId>'],
    ['veria.mesh.metrics.samples', 'veria.mesh', 'metrics.samples'],
    ['veria.mesh.events.lead.created', 'veria.mesh', 'events.<type>'],
    ['metrics.samples', undefined, 'metrics.samples'],
  ])('%s under %s is %s', (subject, ns, kind) => expect(parseSubject(subject, ns)?.kind).toBe(kind));

  it.each([
    ['performia.mesh.metrics.samples', 'veria.mesh'],
    ['veria.meshx.metrics.samples', 'veria.mesh'],
    ['veria.mesh.metrics.*', 'veria.mesh'],
    ['veria.mesh.toString', 'veria.mesh'],
    ['veria.mesh.__proto__', 'veria.mesh'],
    ['veria.mesh.hub.presence.>', 'veria.mesh'],
    ['', 'veria.mesh'],
  ])('%s is no subject of %s', (subject, ns) => expect(parseSubject(subject, ns)).toBeUndefined());
});

describe('roles', () => {
  it('each may do all that the one before may, and more', () => {
    const sets = ROLES.map(permissionsOf);
    for (const [i, smaller] of sets.slice(0, -1).entries()) {
      const larger = sets[i + 1] ?? new Set();
      expect([...smaller].every((permission) => larger.has(permission))).toBe(true);
      expect(larger.size).toBeGreaterThan(smaller.size);
    }
  });
});

describe('declarations', () => {
  it('take the example of the federation blueprint as it stands', () => {
    const file = {
      projects: [
        {
          slug: 'veria',
          name: 'Veria',
          hubUrl: 'http://127.0.0.1:5401',
          meshNs: 'veria.mesh',
          tags: ['finance', 'compliance'],
          allowFanout: ['audit.security', 'graph.refresh'],
        },
        {
          slug: 'performia',
          name: 'Performia',
          hubUrl: 'http://127.0.0.1:5402',
          meshNs: 'performia.mesh',
          tags: ['creative', 'realtime'],
        },
      ],
    };
    expect(FileDeclaration.parse(file).projects.map((p) => p.allowFanout)).toEqual([
      ['audit.security', 'graph.refresh'],
      [],
    ]);
  });

  it.each([
    'file:///etc/passwd',
    'gopher://x',
    'data:text/plain,x',
    'ftp://x',
    'unix:/var/run/docker.sock',
    'javascript:alert(1)',
    '\\\\host\\share',
    'view-source:http://x',
    'blob:http://x',
  ])('refuse the address %s', (hubUrl) => {
    const result = ProjectInput.safeParse({ hubUrl });
    expect(result.error?.issues.map((issue) => issue.path.join('.'))).toEqual(['hubUrl']);
  });

  it('say that a threshold needs one limit, and that a key is unknown', () => {
    const base = { slug: 'a', name: 'A', hubUrl: 'http://a' };
    expect(
      ProjectDeclaration.safeParse({ ...base, thresholds: [{ metric: 'x', above: 1, below: 2 }] }).error?.issues[0]
        ?.message,
    ).toMatch(/exactly one/);
    expect(ProjectDeclaration.safeParse({ ...base, huburl: 'x' }).error?.issues[0]?.message).toMatch(/huburl/);
  });
});
