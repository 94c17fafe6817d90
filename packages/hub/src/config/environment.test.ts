import { describe, expect, it } from 'vitest';
import { readEnvironment } from './environment.ts';
import { VARIABLE_NAMES } from './variables.ts';

const strong = 'Zk3vQ9x7Lr2Tn8Wc5Yb1Mf6Hd4Pg0SjA';

describe('the environment', () => {
  const accepted: [name: string, text: string, value: unknown][] = [
    ['ORRERY_PORT', '0', 0],
    ['ORRERY_PORT', ' 5400 ', 5400],
    ['ORRERY_HOST', '[::1]', '::1'],
    ['ORRERY_HOST', 'hub.internal', 'hub.internal'],
    ['ORRERY_PUBLIC_URL', 'https://ops.example.com/', 'https://ops.example.com'],
    ['ORRERY_DATABASE_URL', 'postgres://u:p@h:5432/d', 'postgres://u:p@h:5432/d'],
    ['ALERT_EMAIL_TO', 'a@b.c, d@e.f', ['a@b.c', 'd@e.f']],
    ['RBAC_ENABLED', 'No', false],
    ['KAFKA_BROKERS', 'a:9092,b:9092', ['a:9092', 'b:9092']],
    [
      'OTEL_EXPORTER_OTLP_HEADERS',
      'authorization=Basic%20abc=, x-team = ops',
      'authorization=Basic%20abc=, x-team = ops',
    ],
    ['ORRERY_SECRET', strong, strong],
  ];
  for (const [name, text, value] of accepted)
    it(`reads ${name}=${text}`, () => {
      const { values, issues } = readEnvironment({ [name]: text });
      expect(issues).toEqual([]);
      expect(values).toMatchObject({ [name]: value });
    });

  const refused: [name: string, text: string, reason: string][] = [
    ['ORRERY_PORT', '65536', 'from 0 to 65535'],
    ['ORRERY_PORT', '54.5', 'from 0 to 65535'],
    ['ORRERY_PORT', 'tcp://10.0.0.1:5400', 'enableServiceLinks'],
    ['ORRERY_HOST', 'http://x', 'IP address or a host name'],
    ['ORRERY_HOST', '300.1.1.1', 'IP address or a host name'],
    ['ORRERY_SCOPE', 'galaxy', 'one of meta, project'],
    ['ORRERY_LOG_LEVEL', 'loud', 'one of trace'],
    ['ORRERY_SECRET', 'tiny', '32 bytes'],
    ['ORRERY_DATABASE_URL', 'mysql://h/d', 'postgres://'],
    ['SLACK_WEBHOOK_URL', 'file:///etc/passwd', 'http:// or https://'],
    ['SMTP_URL', 'mail.example.com', 'smtp://'],
    ['ALERT_EMAIL_TO', 'a@b.c,nobody', 'entry 2'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a=b,authorization', 'entry 2'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a=%zz', 'entry 1'],
    ['RBAC_ENABLED', 'perhaps', 'true or false'],
    ['ORRERY_META_API_KEY', 'a\nb', 'line break'],
    ['ORRERY_DATADIR', '/x', 'did you mean ORRERY_DATA_DIR?'],
  ];
  for (const [name, text, reason] of refused)
    it(`refuses ${name}=${JSON.stringify(text)} without repeating it`, () => {
      const { values, issues } = readEnvironment({ [name]: text });
      expect(issues.map((issue) => [issue.source, issue.field])).toEqual([['environment', name]]);
      expect(issues[0]?.reason).toContain(reason);
      expect(issues[0]?.reason).not.toContain(text);
      expect(values).not.toHaveProperty(name);
    });

  it('takes an empty variable as unset, and fills in defaults', () => {
    const { values, issues, set } = readEnvironment(Object.fromEntries(VARIABLE_NAMES.map((name) => [name, ''])));
    expect(issues).toEqual([]);
    expect([...set]).toEqual([]);
    expect(values).toMatchObject({ ORRERY_HOST: '127.0.0.1', ORRERY_PORT: 5400, ORRERY_DATA_DIR: '.orrery' });
  });

  it('wants both halves of the first admin', () => {
    const fields = (env: Record<string, string>) => readEnvironment(env).issues.map((issue) => issue.field);
    expect(fields({ ORRERY_ADMIN_EMAIL: 'a@b.c' })).toEqual(['ORRERY_ADMIN_PASSWORD']);
    expect(fields({ ORRERY_ADMIN_PASSWORD: strong })).toEqual(['ORRERY_ADMIN_EMAIL']);
    expect(fields({ ORRERY_ADMIN_EMAIL: 'a@b.c', ORRERY_ADMIN_PASSWORD: strong })).toEqual([]);
  });

  const weak = {
    ORRERY_SECRET: 'x'.repeat(40),
    ORRERY_META_API_KEY: 'secret-api-key',
    CRON_SECRET: 'changeme',
    MESH_HMAC_KEY: 'only-20-bytes-long-k',
    ORRERY_ADMIN_PASSWORD: 'aaaaaaaaaaaaaaaa',
    ORRERY_ADMIN_EMAIL: 'a@b.c',
  };
  it('refuses each default, repeated or short secret in production', () => {
    const { issues } = readEnvironment(weak, { production: true });
    expect(issues.map((issue) => issue.field).sort()).toEqual(
      Object.keys(weak)
        .filter((name) => name !== 'ORRERY_ADMIN_EMAIL')
        .sort(),
    );
  });
  it('refuses one secret for two purposes in production', () => {
    const { issues } = readEnvironment({ ORRERY_META_API_KEY: strong, CRON_SECRET: strong }, { production: true });
    expect(issues).toMatchObject([
      { field: 'CRON_SECRET', reason: expect.stringContaining('same as ORRERY_META_API_KEY') },
    ]);
  });
  for (const text of [
    'change-me-change-me-change-me',
    'Secret_Key_1234567890_1234567890',
    'abababababababababababababab',
  ])
    it(`knows ${text} for a weak one, however long`, () => {
      expect(readEnvironment({ CRON_SECRET: text }, { production: true }).issues).toHaveLength(1);
    });
  it('has nothing against a good one in production', () => {
    const reading = readEnvironment({ CRON_SECRET: strong, ORRERY_SECRET: `${strong}2` }, { production: true });
    expect(reading).toMatchObject({ issues: [], warnings: [] });
  });
  it("warns of them on a developer's machine", () => {
    const { issues, warnings } = readEnvironment(weak);
    expect(issues).toEqual([]);
    expect(warnings).toHaveLength(5);
  });
});
