// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to variables are the subject.
import { chmodSync, existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { createLog } from '../platform/log.ts';
import { exportYaml } from './export.ts';
import { readConfigFile } from './file.ts';
import { ConfigError } from './issue.ts';
import { loadConfig } from './load.ts';

const folder = () => mkdtempSync(join(tmpdir(), 'orrery-config-'));
const mistakes = (work: () => unknown): string[] => {
  try {
    work();
  } catch (error) {
    if (error instanceof ConfigError)
      return error.message
        .split('\n')
        .slice(1)
        .map((line) => line.trim());
    throw error;
  }
  return [];
};

describe('the configuration', () => {
  it('listens on this machine only, and keeps its data beside itself, unless told otherwise', () => {
    const cwd = folder();
    const config = loadConfig({ env: {}, cwd });
    expect(config).toMatchObject({ host: '127.0.0.1', port: 5400, dataDir: join(cwd, '.orrery'), scope: 'meta' });
    expect(config.file.path).toBeNull();
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('lists the mistakes of environment, command line and file in one error', () => {
    const cwd = folder();
    writeFileSync(join(cwd, 'orrery.yaml'), 'channels: 5\n');
    expect(mistakes(() => loadConfig({ env: { ORRERY_SCOPE: 'x' }, flags: { port: '-1' }, cwd }))).toEqual(
      [
        'command line --port: must be a whole number from 0 to 65535',
        'environment ORRERY_SCOPE: must be one of meta, project',
        'orrery.yaml:1:1 channels: must be a list, not a number',
      ].map((line) => line.replace('1:1 channels', '1:11 channels')),
    );
  });

  it('takes a flag over its variable, even where the variable is wrong', () => {
    const config = loadConfig({ env: { ORRERY_PORT: 'tcp://10.0.0.1:5400' }, flags: { port: '0' }, cwd: folder() });
    expect(config.port).toBe(0);
  });

  it('refuses a file that was named and is not there', () => {
    const cwd = folder();
    expect(mistakes(() => loadConfig({ env: { ORRERY_CONFIG: 'no.yaml' }, cwd }))).toEqual([
      `${join(cwd, 'no.yaml')} there is no such file`,
    ]);
  });

  it('refuses weak secrets once others can reach the hub', () => {
    const env = { CRON_SECRET: 'changeme' };
    expect(loadConfig({ env, cwd: folder() }).warnings).toHaveLength(1);
    for (const strict of [{ ORRERY_HOST: '0.0.0.0' }, { NODE_ENV: 'production' }])
      expect(mistakes(() => loadConfig({ env: { ...env, ...strict }, cwd: folder() }))[0]).toContain('CRON_SECRET');
  });

  it('refuses to start where others can reach it and nobody could sign in, and says so with all else that is weak', () => {
    const env = { CRON_SECRET: 'changeme', ORRERY_META_API_KEY: 'short', MESH_HMAC_KEY: 'secret-secret-secret-secret' };
    const strict = { ORRERY_HOST: '0.0.0.0' };
    const found = mistakes(() => loadConfig({ env: { ...env, ...strict }, cwd: folder() })).join('\n');
    for (const name of [...Object.keys(env), 'ORRERY_ADMIN_EMAIL']) expect(found).toContain(name);
    const admin = { ORRERY_ADMIN_EMAIL: 'ada@example.com', ORRERY_ADMIN_PASSWORD: 'a long pass phrase' };
    expect(loadConfig({ env: { ...admin, ...strict }, cwd: folder() }).exposed).toBe(true);
    expect(loadConfig({ env: {}, cwd: folder() }).exposed).toBe(false);
  });

  it('gives ECOSYSTEM_API_KEY to declared projects that have no key, and prints it nowhere', () => {
    const cwd = folder();
    const project = (slug: string, more = '') => `  - { slug: ${slug}, name: P, hubUrl: "http://p"${more} }\n`;
    writeFileSync(join(cwd, 'orrery.yaml'), `projects:\n${project('a')}${project('b', ', apiKey: own-key')}`);
    const config = loadConfig({ env: { ECOSYSTEM_API_KEY: 'shared-key' }, cwd });
    for (const file of [config.file, config.reread()]) {
      expect(file.projects.map(({ declaration, ref }) => [declaration.apiKey, ref])).toEqual([
        ['shared-key', 'orrery.yaml:2'],
        ['own-key', 'orrery.yaml:3'],
      ]);
      expect(JSON.stringify(file) + inspect(file, { depth: 9 })).not.toContain('shared-key');
    }
    expect(loadConfig({ env: {}, cwd }).file.projects[0]?.declaration.apiKey).toBeUndefined();
  });

  it('makes no second channel to where one of the file already goes', () => {
    const env = { SLACK_WEBHOOK_URL: 'https://hooks.example/x', SMTP_URL: 'smtp://h', ALERT_EMAIL_TO: 'a@b.c,d@e.f' };
    const cwd = folder();
    const channels = [
      '{ name: ops, kind: slack, url: "${SLACK_WEBHOOK_URL}", severities: [critical] }',
      '{ name: team, kind: email, smtpUrl: "${SMTP_URL}", to: [d@e.f, a@b.c, more@b.c] }',
    ];
    writeFileSync(join(cwd, 'orrery.yaml'), `channels:\n${channels.map((one) => `  - ${one}\n`).join('')}`);
    const { file, warnings } = loadConfig({ env, cwd });
    expect(file.channels.map(({ declaration }) => declaration.name)).toEqual(['ops', 'team']);
    expect(warnings).toEqual([]);
  });

  it('makes channels from the environment, unless the file has one of the name', () => {
    const cwd = folder();
    const env = { SLACK_WEBHOOK_URL: 'https://hooks.example/x', SMTP_URL: 'smtp://h', ALERT_EMAIL_TO: 'a@b.c,d@e.f' };
    const names = () =>
      loadConfig({ env, cwd }).file.channels.map(
        ({ declaration, ref }) => `${declaration.name} ${declaration.kind} ${ref}`,
      );
    expect(names()).toEqual(['slack slack environment', 'email email environment']);
    writeFileSync(join(cwd, 'orrery.yaml'), 'channels: [{ name: slack, kind: slack, url: http://own }]');
    expect(names()).toEqual(['slack slack orrery.yaml:1', 'email email environment']);
    expect(loadConfig({ env, cwd }).warnings.map(({ field }) => field)).toEqual(['SLACK_WEBHOOK_URL']);
  });

  it('says when half of what mail needs is there', () => {
    expect(loadConfig({ env: { ALERT_EMAIL_TO: 'a@b.c' }, cwd: folder() }).warnings[0]?.field).toBe('SMTP_URL');
    expect(loadConfig({ env: { SMTP_URL: 'smtp://h' }, cwd: folder() }).warnings[0]?.field).toBe('ALERT_EMAIL_TO');
  });
});

describe('a secret', () => {
  const canary = 'Canary-7f3a9c51e2';
  const cwd = folder();
  writeFileSync(
    join(cwd, 'orrery.yaml'),
    `projects: [{ slug: a, name: A, hubUrl: "http://u:\${C}@h/x?api_key=\${C}", apiKey: "\${C}" }]
channels:
  - { name: s, kind: slack, url: "http://hooks/\${C}" }
  - { name: m, kind: email, smtpUrl: "smtp://u:\${C}@h", to: [a@b.c] }
  - { name: w, kind: webhook, url: "http://h/?token=\${C}", secret: "\${C}-\${C}" }
`,
  );
  const secrets = [
    'ORRERY_META_API_KEY',
    'CRON_SECRET',
    'MESH_HMAC_KEY',
    'ECOSYSTEM_API_KEY',
    'ORRERY_ADMIN_PASSWORD',
    'ORRERY_SECRET',
  ];
  const env = {
    C: canary,
    ...Object.fromEntries(secrets.map((name) => [name, `${canary}-${name}-0123456789`])),
    ORRERY_ADMIN_EMAIL: 'a@b.c',
    ORRERY_DATABASE_URL: `postgres://u:${canary}@h/d`,
    SLACK_WEBHOOK_URL: `https://hooks/${canary}`,
    SMTP_URL: `smtp://u:${canary}@h`,
    ALERT_EMAIL_TO: 'more@b.c',
  };
  const config = loadConfig({ env, cwd });

  it('is handed out when it is asked for', () => {
    expect(config.metaKey?.reveal()).toContain(canary);
    expect(config.masterKey.reveal()).toContain(canary);
    expect(config.file.projects[0]?.declaration.apiKey).toBe(canary);
    expect(config.databaseUrl?.reveal()).toContain(canary);
  });

  it('is never printed', () => {
    let logged = '';
    const log = createLog('info', {
      write: (line) => {
        logged += line;
      },
    });
    log.info({ config, secret: config.metaKey }, `${config.cronSecret}`);
    const all = [
      logged,
      inspect(config, { depth: 20, showHidden: true, getters: false }),
      JSON.stringify(config),
      `${config.metaKey}${config.masterKey}`,
      inspect(config.admin?.password),
      inspect({ ...config }, { depth: 20 }),
      exportYaml(config.file),
    ];
    for (const text of all) expect(text).not.toContain(canary);
    expect(JSON.stringify(config)).toContain('[secret]');
  });

  it('stands in the export as a reference, and the rest can be read again', () => {
    const path = join(folder(), 'again.yaml');
    writeFileSync(path, exportYaml(config.file));
    const again = readConfigFile(path, {
      A_API_KEY: 'k',
      S_URL: 'http://s',
      M_SMTP_URL: 'smtp://h',
      W_SECRET: 'x'.repeat(24),
      SLACK_URL: 'http://s',
      EMAIL_SMTP_URL: 'smtp://h',
    });
    expect(again.issues).toEqual([]);
    expect(again.file?.channels.map(({ declaration }) => declaration.name)).toEqual(['s', 'm', 'w', 'slack', 'email']);
  });
});

describe('the master key', { timeout: 30_000 }, () => {
  it('is made in the data folder for this user only, once', () => {
    const cwd = folder();
    const file = join(cwd, '.orrery', 'secret');
    const { masterKey } = loadConfig({ env: {}, cwd });
    expect(existsSync(file)).toBe(false);
    const key = masterKey.reveal();
    expect(Buffer.byteLength(key)).toBeGreaterThanOrEqual(32);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(cwd, '.orrery')).mode & 0o777).toBe(0o700);
    expect(loadConfig({ env: {}, cwd }).masterKey.reveal()).toBe(key);
  });

  it('is the same for hubs that start at once in one folder', async () => {
    const dataDir = join(folder(), 'data');
    const code = `import('${new URL('./masterkey.ts', import.meta.url)}').then(({ keptMasterKey }) => require('node:worker_threads').parentPort.postMessage(keptMasterKey(${JSON.stringify(dataDir)})))`;
    const keys = await Promise.all(
      Array.from(
        { length: 4 },
        () =>
          new Promise((resolve, reject) => {
            new Worker(code, { eval: true }).once('message', resolve).once('error', reject);
          }),
      ),
    );
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toBe(readFileSync(join(dataDir, 'secret'), 'utf8').trim());
  });

  it('that was lost beside a database is not replaced', () => {
    const cwd = folder();
    writeFileSync(join(cwd, 'orrery.db'), '');
    const { masterKey } = loadConfig({ env: {}, flags: { data: '.' }, cwd });
    expect(() => masterKey.reveal()).toThrow(/is gone, but the folder has a database/);
    expect(existsSync(join(cwd, 'secret'))).toBe(false);
  });

  it('that is damaged is refused', () => {
    const cwd = folder();
    writeFileSync(join(cwd, 'secret'), 'short', { mode: 0o600 });
    chmodSync(join(cwd, 'secret'), 0o600);
    expect(() => loadConfig({ env: {}, flags: { data: '.' }, cwd }).masterKey.reveal()).toThrow(/is damaged/);
  });
});
