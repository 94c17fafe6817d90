import { ProbeDeclaration, ProjectDeclaration } from '@orrery/protocol';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { exportYaml } from './export.ts';
import { noFile } from './file.ts';
import { maskProject } from './mask.ts';

const PEM = (what: string, text: string) => `-----BEGIN ${what}-----\n${text}\n-----END ${what}-----`;
const tls = { ca: PEM('CERTIFICATE', 'ca'), cert: PEM('CERTIFICATE', 'own'), key: PEM('PRIVATE KEY', 'S3CRET-key') };
const web = {
  headers: { 'x-api-key': 'S3CRET-header', accept: 'text/html' },
  basicAuth: { username: 'ada', password: 'S3CRET-password' },
  bearer: 'S3CRET-bearer',
  tls,
};

/** Each kind with a secret wherever its declaration has a place for one. */
const FULL: Record<ProbeDeclaration['kind'], object> = {
  http: { url: 'https://ada:S3CRET-url@h/?token=S3CRET-query', ...web, method: 'POST', body: '{"pw":"S3CRET-body"}' },
  instance: { url: 'https://ada:S3CRET-url@h/' },
  heartbeat: { interval: '1m' },
  prometheus: { url: 'https://ada:S3CRET-url@h/metrics', ...web },
  tcp: { host: 'h', port: 1, send: 'AUTH S3CRET-send' },
  dns: { name: 'h' },
  tls: { host: 'h' },
  postgres: { url: 'postgres://ada:S3CRET-url@h:5433/app?sslmode=require', tls },
  redis: { url: 'rediss://:S3CRET-url@h:6380/2', tls },
  docker: { container: 'web', url: 'https://ada:S3CRET-url@h:2376', tls },
  promql: { url: 'https://ada:S3CRET-url@h', queries: [{ metric: 'a', query: 'up' }], ...web },
};
const project = (...probes: object[]) =>
  ProjectDeclaration.parse({ slug: 'veria', name: 'Veria', hubUrl: 'http://h', services: [{ name: 'api', probes }] });

describe('what is shown of a probe', () => {
  test.each(Object.entries(FULL))('%s holds none of its secrets', (kind, more) => {
    const declared = project({ kind, ...more });
    const shown = JSON.stringify(maskProject(declared));
    expect(shown).not.toContain('S3CRET');
    expect(shown).toContain(kind);
    const written = exportYaml({ ...noFile(), projects: [{ declaration: declared }], channels: [] });
    expect(written).not.toContain('S3CRET');
    expect(parse(written).projects[0].services[0].probes[0].kind).toBe(kind);
  });

  test('every kind has its place in this test', () => {
    expect(Object.keys(FULL).sort()).toEqual(ProbeDeclaration.options.map((o) => o.shape.kind.value).sort());
  });

  test('what is no secret stays, and each secret has a variable of its own', () => {
    const { services } = maskProject(
      project(
        { kind: 'promql', ...FULL.promql },
        { kind: 'postgres', ...FULL.postgres },
        { kind: 'postgres', ...FULL.postgres },
      ),
    );
    expect(services[0]?.probes).toMatchObject([
      {
        url: 'https://***@h/',
        headers: { 'x-api-key': `\${VERIA_API_PROMQL_HEADER_X_API_KEY}`, accept: 'text/html' },
        basicAuth: { username: 'ada', password: `\${VERIA_API_PROMQL_PASSWORD}` },
        bearer: `\${VERIA_API_PROMQL_BEARER}`,
        tls: { ca: tls.ca, cert: tls.cert, key: `\${VERIA_API_PROMQL_TLS_KEY}` },
        queries: [{ metric: 'a', query: 'up' }],
      },
      { url: `postgres://\${VERIA_API_POSTGRES_CREDENTIALS}@h:5433/app?sslmode=require` },
      { url: `postgres://\${VERIA_API_POSTGRES_2_CREDENTIALS}@h:5433/app?sslmode=require` },
    ]);
  });
});
