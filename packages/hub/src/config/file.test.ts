// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to variables are the subject.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfigFile } from './file.ts';
import { describeIssue } from './issue.ts';

const folder = mkdtempSync(join(tmpdir(), 'orrery-config-'));
let count = 0;

function read(text: string | Uint8Array, env: Record<string, string> = {}) {
  const path = join(folder, `${++count}.yaml`);
  writeFileSync(path, text);
  const reading = readConfigFile(path, env);
  return { ...reading, said: reading.issues.map((issue) => describeIssue({ ...issue, source: 'f' })) };
}

const project = (more = '') => `projects:
  - slug: veria
    name: Veria
    hubUrl: http://127.0.0.1:5401
${more}`;

describe('a file with mistakes', () => {
  const cases: [what: string, text: string, said: string[]][] = [
    ['a key that is nearly right', 'chanels: []', ['f:1:1 chanels: is no known key; did you mean "channels"?']],
    [
      'a key that is like none',
      'network: { wifi: true }',
      ['f:1:12 network.wifi: is no known key; known here: allowPrivate, selfCheck'],
    ],
    [
      'a key of another kind of probe',
      project('    services: [{ name: a, probes: [{ kind: heartbeat, interval: 1m, timeout: 1s }] }]'),
      ['f:5:69 projects[0].services[0].probes[0].timeout: is no known key; known here: kind, interval, grace'],
    ],
    [
      'a slug with capitals',
      'projects: [{ slug: A, name: n, hubUrl: http://x }]',
      ['f:1:20 projects[0].slug: must be 1 to 63 lower-case letters, digits, "-" or "_"'],
    ],
    [
      'required keys that are absent',
      'projects:\n  - slug: a',
      ['f:2:5 projects[0].name: is missing', 'f:2:5 projects[0].hubUrl: is missing'],
    ],
    ['a map where a list belongs', 'projects: { slug: a }', ['f:1:11 projects: must be a list, not a map']],
    ['text at the top', 'hello', ['f:1:1 must be a map, not text']],
    [
      'a duration without a unit',
      'retention:\n  raw: "30"',
      ['f:2:8 retention.raw: "30" is no duration; write 500ms, 5s, 15m, 2h or 30d'],
    ],
    [
      'a duration out of range',
      project('    services: [{ name: a, probes: [{ kind: instance, interval: 10ms }] }]'),
      ['f:5:64 projects[0].services[0].probes[0].interval: "10ms" is out of range; allowed are 1s to 1d'],
    ],
    [
      'a misspelt severity',
      project('    thresholds: [{ metric: m, above: 1, severity: critcal }]'),
      ['f:5:51 projects[0].thresholds[0].severity: must be one of critical, warning, info; did you mean "critical"?'],
    ],
    [
      'a threshold without a limit',
      project('    thresholds:\n      - metric: m'),
      ['f:6:9 projects[0].thresholds[0]: needs exactly one of "above" and "below"'],
    ],
    [
      'an unknown kind of channel',
      'channels: [{ name: a, kind: slak }]',
      [
        'f:1:29 channels[0].kind: must be one of slack, email, webhook, alertmanager, grafana, template; did you mean "slack"?',
      ],
    ],
    [
      'a channel without a kind',
      'channels: [{ name: a }]',
      ['f:1:12 channels[0].kind: is missing: one of slack, email, webhook, alertmanager, grafana, template'],
    ],
    [
      'a slug used twice',
      `${project()}  - { slug: veria, name: V, hubUrl: http://x }`,
      ['f:5:13 projects[1].slug: another project before it has the slug "veria"'],
    ],
    [
      'a namespace that lies inside another',
      `${project()}  - { slug: rollizr, name: R, hubUrl: http://x, meshNs: veria.mesh }`,
      [
        'f:2:11 projects[0].slug: the namespace "veria.mesh" and that of rollizr, "veria.mesh", are one or lie inside each other',
      ],
    ],
    [
      'a namespace that NATS keeps for itself',
      'projects: [{ slug: a, name: n, hubUrl: http://x, meshNs: _INBOX.a }]',
      ['f:1:58 projects[0].meshNs: the namespace "_INBOX.a" is kept for NATS itself'],
    ],
    [
      'a channel name used twice',
      'channels:\n  - { name: a, kind: slack, url: http://x }\n  - { name: a, kind: slack, url: http://y }',
      ['f:3:13 channels[1].name: another channel before it has the name "a"'],
    ],
    [
      'a service name used twice',
      project('    services: [{ name: api }, { name: api }]'),
      ['f:5:39 projects[0].services[1].name: another service before it has the name "api"'],
    ],
    [
      'a dependency that does not exist',
      `${project('    dependsOn: [performai, veria]\n')}  - { slug: performia, name: P, hubUrl: http://x }`,
      [
        'f:5:17 projects[0].dependsOn[0]: no project has the slug "performai"; did you mean "performia"?',
        'f:5:28 projects[0].dependsOn[1]: a project cannot depend on itself',
      ],
    ],
    [
      'a variable that is not set',
      project('    apiKey: ${NO_SUCH}'),
      [
        'f:5:13 projects[0].apiKey: the environment variable NO_SUCH is not set; set it, or write ${NO_SUCH:-default}, or $${NO_SUCH} for the text itself',
      ],
    ],
    [
      'a reference that is none',
      project('    domain: ${9}'),
      [
        'f:5:13 projects[0].domain: ${9} is no reference; write ${NAME} or ${NAME:-default}, or $${9} for the text itself',
      ],
    ],
    [
      'a key that stands twice',
      'network: {}\nnetwork: {}',
      ['f:2:1 network: stands twice in one map; the first is on line 1'],
    ],
    ['a tab as indentation', 'network:\n\tallowPrivate: true', ['f:2:1 Tabs are not allowed as indentation']],
    ['two documents', 'projects: []\n---\nprojects: []', ['f:2:1 the file holds several documents (---); keep one']],
    [
      'an unknown tag',
      'projects: !!js/function "x"',
      [expect.stringContaining('f:1:11 Unresolved tag') as unknown as string],
    ],
    [
      'an alias without an anchor',
      'projects: *nobody',
      ['f:1:11 projects: the alias *nobody names no anchor before it'],
    ],
    [
      'an alias inside itself',
      'projects: &all\n  - { slug: *all, name: n, hubUrl: http://x }',
      ['f:2:13 projects[0].slug: the alias *all stands inside what it repeats'],
    ],
    [
      'a reference that is not closed',
      project('    domain: "${A:-{b}}"'),
      [
        'f:5:13 projects[0].domain: a reference that starts with ${ is not closed (a default may not hold braces); write $${ for the text itself',
      ],
    ],
    [
      'a rule whose condition is wrong',
      'rules:\n  - name: r\n    on: event\n    when: event.typ == "x"\n    effect: { kind: alert, title: "of ${evnt.id}" }',
      [
        'f:4:11 rules[0].when: No such key: typ; event has id, type, project, service, title, data, at (at character 7: "typ")',
        'f:5:35 rules[0].effect.title: Unknown variable: evnt; only "event" is known here (at character 6: "evnt")',
      ],
    ],
    [
      'a rule that tells a channel that nobody declared, and one of the same name',
      'channels: [{ name: ops, kind: slack, url: "http://x" }]\nrules:\n  - &r { name: r, on: sample, when: "true", effect: { kind: notify, channels: [slack, osp], title: t } }\n  - *r',
      [
        'f:3:16 rules[1].name: another rule before it has the name "r"',
        'f:3:87 rules[0].effect.channels[1]: no channel has the name "osp"; did you mean "ops"?',
        'f:3:87 rules[1].effect.channels[1]: no channel has the name "osp"; did you mean "ops"?',
      ],
    ],
    [
      'a template that would not be JSON',
      'channels:\n  - name: bot\n    kind: template\n    url: http://x\n    body: |\n      {"text": "{{alert.titel}}"}',
      ['f:5:11 channels[0].body: {{alert.titel}} names nothing that a notification holds'],
    ],
    [
      'a key that would poison an object',
      '__proto__: { polluted: 1 }',
      [expect.stringContaining('f:1:1 __proto__: is no known key') as unknown as string],
    ],
  ];
  for (const [what, text, said] of cases)
    it(`with ${what} says so, with its line`, () => {
      const reading = read(text);
      expect(reading.said).toEqual(said);
      expect(reading.file).toBeUndefined();
    });

  it('may depend on a project that was added elsewhere', () => {
    const reading = read('projects: [{ slug: veria, name: V, hubUrl: "http://x", dependsOn: [rollizr] }]');
    expect(reading.said).toEqual([]);
    expect(reading.file?.projects[0]?.declaration.dependsOn).toEqual(['rollizr']);
  });

  it('is listed with every mistake at once, in the order of the lines', () => {
    const { issues } = read(`
projects:
  - slug: Veria
    hubUrl: nowhere
    apiKey: \${NO_SUCH_KEY}
    dependsOn: [Veria]
    services:
      - name: api
        probes: [{ kind: http, url: ftp://x, intervl: 5s, timeout: soon }]
    thresholds: [{ metric: m, sverity: info }]
channels: [{ name: UPPER, kind: slack, url: http://x }]
netwrok: {}
`);
    expect(issues.map(({ line, field }) => `${line} ${field}`)).toEqual([
      '3 projects[0].name',
      '3 projects[0].slug',
      '4 projects[0].hubUrl',
      '5 projects[0].apiKey',
      '6 projects[0].dependsOn[0]',
      '6 projects[0].dependsOn[0]',
      '9 projects[0].services[0].probes[0].url',
      '9 projects[0].services[0].probes[0].intervl',
      '9 projects[0].services[0].probes[0].timeout',
      '10 projects[0].thresholds[0]',
      '10 projects[0].thresholds[0].sverity',
      '11 channels[0].name',
      '12 netwrok',
    ]);
    expect({}).not.toHaveProperty('polluted');
  });

  it('never repeats what a variable holds', () => {
    const { said } = read(
      'retention: { raw: "${TOP}" }\nprojects: [{ slug: "${TOP}", name: n, hubUrl: "${TOP}", dependsOn: ["${TOP}"] }]',
      {
        TOP: 'Top Secret 42',
      },
    );
    expect(said.length).toBeGreaterThan(3);
    expect(said.join('\n')).not.toContain('Top Secret');
    expect(said.join('\n')).toContain('"${TOP}" is no duration');
  });
});

describe('a file that is no honest file', { timeout: 30_000 }, () => {
  it('is refused when aliases unfold to too much', () => {
    const levels = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(', ')}]`);
    const before = process.threadCpuUsage();
    const { said } = read(`a0: &a0 [x, x]\n${levels.join('\n')}`);
    expect(said.join('\n')).toContain('unfolds to too many values');
    // The thread's own time, whatever else the machine does.
    const { user, system } = process.threadCpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(5000);
  });

  it('is refused when it is nested deep', () => {
    expect(read(`projects: ${'['.repeat(60)}${']'.repeat(60)}`).said.join('\n')).toContain('is nested too deep');
    expect(read('['.repeat(50_000)).said.length).toBeGreaterThan(0);
  });

  it('is refused when it is larger than 1 MiB, no UTF-8, no file, or not there', () => {
    expect(read(`#${'x'.repeat(2 ** 20)}`).said[0]).toContain('larger than 1 MiB');
    expect(read(Buffer.from([0x70, 0xff, 0xfe])).said[0]).toContain('is no UTF-8 text');
    expect(readConfigFile(folder, {}).issues[0]?.reason).toBe('is no file');
    expect(readConfigFile(join(folder, 'none.yaml'), {}).issues[0]?.reason).toBe('there is no such file');
  });
});

describe('a good file', () => {
  it('is the example of the contracts, with references inside { … } and units converted', () => {
    const { file, said } = read(
      `projects:
  - slug: veria
    name: Veria
    hubUrl: http://127.0.0.1:5401
    meshNs: veria.mesh
    tags: [finance, compliance]
    apiKey: \${VERIA_API_KEY}          # what the hub presents as x-api-key
    allowFanout: [audit.security, graph.refresh]
    dependsOn: [performia]
    services:
      - name: api
        probes:
          - { kind: http, url: http://127.0.0.1:5401/api/health, interval: 5s, timeout: 2s, failAfter: 1, recoverAfter: 1 }
          - { kind: instance, interval: 15s }
    thresholds:
      - { metric: performance.error_rate, above: 5, for: 1m, severity: critical }
  - { slug: performia, name: Performia, hubUrl: "http://127.0.0.1:5402" }
network: { allowPrivate: true }       # private and loopback targets are refused unless allowed
retention: { raw: 30d, minute: 90d, hour: 400d }
channels:
  - { name: ops, kind: webhook, url: http://127.0.0.1:9009/hook, secret: \${HOOK_SECRET} }
`,
      { VERIA_API_KEY: 'k: [1, {2}] #', HOOK_SECRET: 'a'.repeat(30) },
    );
    expect(said).toEqual([]);
    expect(file?.projects.map(({ ref }) => ref.replace(/^\d+/, 'f'))).toEqual(['f.yaml:2', 'f.yaml:17']);
    expect(file?.projects[0]?.declaration.apiKey).toBe('k: [1, {2}] #');
    expect(file?.channels[0]?.declaration).toMatchObject({ secret: 'a'.repeat(30) });
    expect(file?.network).toEqual({ allowPrivate: true, selfCheck: [] });
    expect(file?.retention.raw).toBe(30 * 86_400_000);
    expect(file?.freshness.offlineAfterMs).toBe(600_000);
    expect(Object.isFrozen(file?.projects[0]?.declaration.services)).toBe(true);
  });

  it('may hold rules, whose ${…} are expressions and no variables', () => {
    const title = 'Deploy of ${event.project} to ${event.data["env"]} costs $${5}';
    const { file, said } = read(
      `rules:
  - name: deploy-failed
    on: event
    when: 'event.type == "deploy.finished" && event.data.status == "failed"'
    effect: { kind: alert, title: '${title}' }
`,
    );
    expect(said).toEqual([]);
    expect(file?.rules.map(({ ref, declaration }) => [ref.replace(/^\d+/, 'f'), declaration.effect])).toEqual([
      ['f.yaml:2', expect.objectContaining({ title, resolveAfter: '15m', severity: 'warning' })],
    ]);
  });

  it('may use defaults, escapes, anchors and merged maps', () => {
    const { file, said } = read(
      `projects:
  - slug: a
    name: '\${NAME:-A, B: [C]} costs $\${PRICE} \${EMPTY:-nothing}'
    hubUrl: \${BASE}:\${PORT:-80}/x
    domain: \${A:-}\${B:-b}
    services:
      - name: one
        probes: [ &probe { kind: instance, interval: 5s, timeout: 1s } ]
      - name: two
        probes: [ { <<: *probe, interval: 9s }, *probe ]
`,
      { BASE: 'http://base', EMPTY: '' },
    );
    expect(said).toEqual([]);
    const { name, hubUrl, domain, services } = file?.projects[0]?.declaration ?? {};
    expect({ name, hubUrl, domain }).toEqual({
      name: 'A, B: [C] costs ${PRICE} nothing',
      hubUrl: 'http://base:80/x',
      domain: 'b',
    });
    expect(services?.[1]?.probes).toMatchObject([{ interval: '9s', timeout: '1s' }, { interval: '5s' }]);
  });

  it('warns of private addresses that every probe would be refused at', () => {
    const { warnings } = read(project());
    expect(warnings.map(({ line, field }) => `${line} ${field}`)).toEqual(['4 projects[0].hubUrl']);
    expect(read(`${project()}network: { allowPrivate: true }`).warnings).toEqual([]);
  });
});
