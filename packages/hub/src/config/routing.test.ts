import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readConfigFile } from './file.ts';

function read(text: string) {
  const folder = mkdtempSync(join(tmpdir(), 'orrery-routing-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'f');
  writeFileSync(path, text);
  const { file, issues } = readConfigFile(path, {});
  return { file, said: issues.map(({ line, column, field, reason }) => `${line}:${column} ${field}: ${reason}`) };
}

const page = readFileSync(new URL('../../../../docs/routing.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => text ?? '');

it('the page on routing has examples', () => {
  expect(examples.length).toBeGreaterThan(1);
});

it.each(examples)('an example of the page on routing is a good file: %#', (text) => {
  expect(read(text).said).toEqual([]);
});

it.each([
  [
    'a route to a channel that nobody declared',
    'channels: [{ name: ops, kind: slack, url: "http://x" }]\nroutes:\n  - { name: a, channels: [osp], escalate: [{ after: 1m, channels: [nix] }] }',
    [
      '3:27 routes[0].channels[0]: no channel has the name "osp"; did you mean "ops"?',
      '3:68 routes[0].escalate[0].channels[0]: no channel has the name "nix"',
    ],
  ],
  [
    'two routes of one name',
    'routes:\n  - { name: a, channels: [] }\n  - { name: a, channels: [] }',
    ['3:13 routes[1].name: another route before it has the name "a"'],
  ],
  [
    'two of one name in maintenance, and a calendar that never comes',
    'maintenance:\n  - { name: a, title: A, cron: "0 2 * * sun", lasts: 1h }\n  - { name: a, title: A, cron: "0 0 30 2 *", lasts: 1h }',
    [
      '3:13 maintenance[1].name: another maintenance before it has the name "a"',
      '3:32 maintenance[1].cron: "0 0 30 2 *" never comes',
    ],
  ],
  [
    'maintenance without an end, with the words of the shape that was meant',
    'maintenance:\n  - { name: a, title: A, cron: "0 2 * * sun" }\n  - { name: b, title: B, from: "2026-01-01T00:00:00Z" }',
    ['2:5 maintenance[0].lasts: is missing', '3:5 maintenance[1].until: is missing'],
  ],
  [
    'a mistyped project and a wrong zone and time of day',
    'projects: [{ slug: veria, name: V, hubUrl: "https://v.test" }]\nroutes:\n  - { name: a, channels: [], match: { projects: [verai] }, quietHours: [{ from: "25:00", to: "07:00", timeZone: Berlin }] }',
    [
      '3:50 routes[0].match.projects[0]: no project has the slug "verai"; did you mean "veria"?',
      '3:81 routes[0].quietHours[0].from: must be a time of day, "22:00"',
      '3:113 routes[0].quietHours[0].timeZone: must be a time zone, "Europe/Berlin"',
    ],
  ],
])('a file with %s says so, with its line', (_what, text, said) => {
  const reading = read(text);
  expect(reading.said).toEqual(said);
  expect(reading.file).toBeUndefined();
});
