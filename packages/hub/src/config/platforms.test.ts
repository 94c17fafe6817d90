import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ConfigError } from './issue.ts';
import { loadConfig } from './load.ts';
import { defaultsFor } from './platforms.ts';

/** What a start reads of these variables and this file. */
function load(env: Record<string, string>, yaml = '') {
  const cwd = mkdtempSync(join(tmpdir(), 'orrery-platforms-'));
  writeFileSync(join(cwd, 'orrery.yaml'), yaml);
  return loadConfig({ env, cwd });
}
const projects = (config: ReturnType<typeof load>) =>
  config.file.projects.map(({ declaration, ref }) => [declaration.slug, declaration.name, declaration.hubUrl, ref]);
const refusal = (env: Record<string, string>): string => {
  try {
    load(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return '';
};

it('makes a project of each platform that the environment names, asked every five seconds', () => {
  const config = load({
    ORRERY_PLATFORMS: 'Shop.Example=https://shop.example/a?b=c, desk=http://desk.example',
    LEADSITE_AI_URL: 'https://leadsite.ai/',
    TACKLEAI_URL: 'https://tackle.io',
  });
  expect(projects(config)).toEqual([
    ['shop-example', 'Shop.Example', 'https://shop.example/a?b=c', 'environment ORRERY_PLATFORMS'],
    ['desk', 'desk', 'http://desk.example', 'environment ORRERY_PLATFORMS'],
    ['leadsite-ai', 'leadsite.ai', 'https://leadsite.ai', 'environment LEADSITE_AI_URL'],
    ['tackle-io', 'tackle.io', 'https://tackle.io', 'environment TACKLEAI_URL'],
  ]);
  expect(config.file.projects[0]?.declaration.services).toMatchObject([
    { name: 'web', probes: [{ kind: 'http', url: 'https://shop.example/a?b=c', interval: '5s' }] },
  ]);
  expect(config.reread().projects).toHaveLength(4);
  expect(config.additions.map(({ variable }) => variable)).toContain('LEADSITE_AI_URL');
});

it('makes none of what the file declares by its slug or its address, and says so', () => {
  const yaml = `projects:
  - { slug: leadsite-ai, name: Mine, hubUrl: "https://elsewhere.example" }
  - { slug: video, name: Video, hubUrl: "https://videosite.io" }
`;
  const config = load({ LEADSITE_AI_URL: 'https://leadsite.ai', VIDEOSITE_URL: 'https://videosite.io/' }, yaml);
  expect(projects(config).map(([slug]) => slug)).toEqual(['leadsite-ai', 'video']);
  expect(config.warnings.map(({ field }) => field)).toEqual(['LEADSITE_AI_URL', 'VIDEOSITE_URL']);
});

it('refuses what is no list of platforms, and one that is named twice', () => {
  for (const text of ['shop', 'shop=', 'shop=ftp://x', '=https://x', '-x=https://x', 'a b=https://x', 'a=https://x,,b'])
    expect(refusal({ ORRERY_PLATFORMS: text }), text).toContain('ORRERY_PLATFORMS');
  expect(refusal({ ORRERY_PLATFORMS: 'a.b=https://x,a-b=https://y' })).toContain('a second time');
  expect(refusal({ ORRERY_PLATFORMS: 'leadsite.ai=https://x', LEADSITE_AI_URL: 'https://y' })).toContain(
    'a second time',
  );
  expect(refusal({ ORRERY_PLATFORMS: 'orrery=https://x' })).toContain('kept for the hub itself');
});

it('limits a metric of projects that declare none for it', () => {
  const { file, additions } = load({ API_RESPONSE_THRESHOLD_MS: '500', CPU_THRESHOLD_PERCENT: '80.5' });
  const limits = (...declared: string[]) =>
    defaultsFor(
      declared.map((metric) => ({ metric })),
      file.defaultThresholds,
    ).map(({ metric, above, declaredIn }) => [metric, above, declaredIn]);
  const api = ['performance.latency_p95_ms', 500, 'environment API_RESPONSE_THRESHOLD_MS'];
  const cpu = ['process.cpu_percent', 80.5, 'environment CPU_THRESHOLD_PERCENT'];
  expect(limits()).toEqual([api, cpu]);
  expect(limits('performance.latency_p95_ms')).toEqual([cpu]);
  expect(additions).toHaveLength(2);
  for (const text of ['0', '-1', '80%', 'NaN', '1e9'])
    expect(refusal({ MEMORY_THRESHOLD_PERCENT: text }), text).toContain('MEMORY');
});

it('lists all that the environment adds', () => {
  const { additions } = load({
    SLACK_WEBHOOK_URL: 'https://hooks.example/x',
    ...{ SMTP_URL: 'smtp://h', ALERT_EMAIL_TO: 'a@b.c' },
    ANTHROPIC_API_KEY: 'sk-ant-not-a-real-one',
    ENABLE_SELF_HEALING: 'true',
  });
  expect(additions).toEqual([
    { variable: 'SLACK_WEBHOOK_URL', adds: 'the channel slack (slack)' },
    { variable: 'SMTP_URL, ALERT_EMAIL_TO', adds: 'the channel email (email)' },
    { variable: 'ANTHROPIC_API_KEY', adds: 'the AI provider claude' },
    { variable: 'ENABLE_SELF_HEALING', adds: 'that policies may act' },
  ]);
});
