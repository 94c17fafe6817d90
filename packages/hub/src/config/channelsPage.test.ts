import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChannelKind } from '@orrery/protocol';
import { afterAll, describe, expect, test } from 'vitest';
import { readConfigFile } from './file.ts';

const folder = mkdtempSync(join(tmpdir(), 'orrery-docs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the pages' references would hold. */
const environment = {
  SLACK_HOOK: 'https://hooks.slack.com/services/x',
  SMTP_URL: 'smtp://mail.example:587',
  HOOK_SECRET: 'x'.repeat(24),
  GRAFANA_TOKEN: 'x',
  DISCORD_HOOK: 'https://chat.example/x',
  PAGER_KEY: 'x',
};

function readPage(name: string) {
  const page = readFileSync(new URL(`../../../../docs/${name}`, import.meta.url), 'utf8');
  return [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, block = ''], i) => {
    const file = join(folder, `${name}-${i}.yaml`);
    writeFileSync(file, block);
    return readConfigFile(file, environment);
  });
}

describe('the examples of the pages', () => {
  test('docs/channels.md are good configurations, and show every kind', () => {
    const readings = readPage('channels.md');
    expect(readings.flatMap(({ issues }) => issues)).toEqual([]);
    const kinds = readings.flatMap(({ file }) => file?.channels.map(({ declaration }) => declaration.kind) ?? []);
    expect([...new Set(kinds)].sort()).toEqual([...ChannelKind.options].sort());
  });

  test('docs/rules.md are good configurations', () => {
    const readings = readPage('rules.md');
    expect(readings.flatMap(({ issues }) => issues)).toEqual([]);
    expect(readings.flatMap(({ file }) => file?.rules ?? [])).toHaveLength(5);
  });
});
