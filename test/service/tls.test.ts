// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to variables are the subject.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import type { OpsHealth } from '@orrery/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConfigError, loadConfig } from '../../packages/hub/src/config/index.ts';
import { startHub } from '../services/hub.ts';
import { orrery } from '../services/orrery.ts';
import { until } from '../services/until.ts';

/** An authority, certificates of it for this machine, and one of a stranger. */
describe('TLS', { timeout: 60_000 }, () => {
  let dir: string;
  const file = (name: string) => join(dir, name);
  const text = (name: string) => readFileSync(file(name), 'utf8');
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });
  const authority = (name: string) =>
    openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '30',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.crt`,
    );
  const certificate = (name: string, ca: string) => {
    writeFileSync(file('ext'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
    openssl(
      'req',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
    );
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      `${ca}.crt`,
      '-CAkey',
      `${ca}.key`,
      '-CAcreateserial',
      '-days',
      '30',
      '-extfile',
      'ext',
      '-out',
      `${name}.crt`,
    );
  };
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'orrery-tls-'));
    for (const name of ['ours', 'theirs']) authority(name);
    for (const name of ['one', 'two', 'client']) certificate(name, 'ours');
    certificate('stranger', 'theirs');
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  type Answer = { status: number; headers: Record<string, unknown>; fingerprint: string; body: string };
  const ask = (url: string, more: { cert?: string; key?: string } = {}) =>
    new Promise<Answer>((resolve, reject) => {
      const asked = request(url, { ca: text('ours.crt'), agent: false, ...more }, (response) => {
        const { fingerprint256: fingerprint } = (response.socket as TLSSocket).getPeerCertificate();
        let body = '';
        response.on('data', (chunk) => {
          body += chunk;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, fingerprint, body }),
        );
      });
      asked.on('error', reject);
      asked.end();
    });
  const tls = (name: string) => ({ ORRERY_TLS_CERT: file(`${name}.crt`), ORRERY_TLS_KEY: file(`${name}.key`) });

  it('is all that the hub speaks then, from version 1.2, with HSTS; the command line trusts the hub of its own folder', async () => {
    const hub = await startHub({ env: tls('one') });
    expect(hub.url).toMatch(/^https:/);
    const answer = await ask(`${hub.url}/health`);
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'strict-transport-security': expect.stringContaining('max-age=31536000') },
    });
    await expect(fetch(hub.url.replace('https', 'http'))).rejects.toThrow();
    const { port } = new URL(hub.url);
    const old = new Promise((_, reject) =>
      connect({
        port: Number(port),
        host: '127.0.0.1',
        ca: text('ours.crt'),
        maxVersion: 'TLSv1.1',
        minVersion: 'TLSv1',
      }).on('error', reject),
    );
    await expect(old).rejects.toThrow();
    expect(await orrery(['status', '--data', hub.dataDir])).toMatchObject({ code: 0 });
    // Over the network the authority has to be named.
    expect((await orrery(['status', '--url', hub.url], { env: { ORRERY_API_KEY: hub.key } })).code).toBe(3);
    const named = await orrery(['status', '--url', hub.url], {
      env: { ORRERY_API_KEY: hub.key, ORRERY_CA: file('ours.crt') },
    });
    expect(named).toMatchObject({ code: 0 });
    await hub.dispose();
  });

  it('takes a new certificate without a restart, and waits out one whose key is not there yet', async () => {
    for (const end of ['crt', 'key']) copyFileSync(file(`one.${end}`), file(`live.${end}`));
    const hub = await startHub({ env: tls('live') });
    const before = (await ask(`${hub.url}/health`)).fingerprint;
    copyFileSync(file('two.crt'), file('live.crt'));
    await until(() => hub.stderr().includes('do not fit'), { timeoutMs: 20_000, what: 'a complaint' });
    expect((await ask(`${hub.url}/health`)).fingerprint).toBe(before);
    copyFileSync(file('two.key'), file('live.key'));
    await until(async () => (await ask(`${hub.url}/health`)).fingerprint !== before, {
      timeoutMs: 20_000,
      what: 'the new one',
    });
    expect(await orrery(['status', '--data', hub.dataDir])).toMatchObject({ code: 0 });
    await hub.dispose();
  });

  it('lets in only clients that show a certificate of the authority, when one is named', async () => {
    const hub = await startHub({ env: { ...tls('one'), ORRERY_TLS_CLIENT_CA: file('ours.crt') } });
    await expect(ask(`${hub.url}/health`)).rejects.toThrow();
    await expect(ask(`${hub.url}/health`, { cert: text('stranger.crt'), key: text('stranger.key') })).rejects.toThrow();
    expect((await ask(`${hub.url}/health`, { cert: text('client.crt'), key: text('client.key') })).status).toBe(200);
    const env = { ORRERY_CLIENT_CERT: file('client.crt'), ORRERY_CLIENT_KEY: file('client.key') };
    expect((await orrery(['status', '--data', hub.dataDir])).code).toBe(3);
    expect(await orrery(['status', '--data', hub.dataDir], { env })).toMatchObject({ code: 0 });
    await hub.dispose();
  });

  it.each([
    [{ ORRERY_TLS_CERT: 'one.crt' }, 'ORRERY_TLS_KEY: is missing'],
    [{ ORRERY_TLS_CERT: 'one.crt', ORRERY_TLS_KEY: 'two.key' }, 'ORRERY_TLS_KEY: does not belong to the certificate'],
    [{ ORRERY_TLS_CERT: 'none.crt', ORRERY_TLS_KEY: 'two.key' }, 'ORRERY_TLS_CERT: cannot be read (ENOENT)'],
    [{ ORRERY_TLS_CERT: 'one.key', ORRERY_TLS_KEY: 'one.key' }, 'ORRERY_TLS_CERT: holds no certificate'],
    [{ ORRERY_TLS_CERT: 'one.crt', ORRERY_TLS_KEY: 'one.crt' }, 'ORRERY_TLS_KEY: holds no private key'],
    [{ ORRERY_TLS_CLIENT_CA: 'ours.crt' }, 'ORRERY_TLS_CERT: is missing'],
  ])('refuses %o', (env, said) => {
    let issues: string[] = [];
    try {
      loadConfig({ env: env as Record<string, string>, cwd: dir });
    } catch (error) {
      issues = (error as ConfigError).issues.map(({ field, reason }) => `${field}: ${reason}`);
    }
    expect(issues.join('\n')).toContain(said);
  });

  it('shows a project its own certificate: its instance is asked with it, and no other project borrows it', async () => {
    const seen: { path: string; by: string }[] = [];
    const instance = createServer(
      {
        cert: text('one.crt'),
        key: text('one.key'),
        ca: text('ours.crt'),
        requestCert: true,
        rejectUnauthorized: false,
      },
      (asked, response) => {
        const socket = asked.socket as TLSSocket;
        const by = socket.authorized ? (socket.getPeerCertificate().subject.CN ?? '') : 'nobody';
        seen.push({ path: asked.url ?? '', by: String(by) });
        response.writeHead(by === 'client' ? 200 : 403, { 'content-type': 'application/json' });
        response.end(
          JSON.stringify({ status: 'healthy', checks: {}, timestamp: new Date().toISOString(), version: '1' }),
        );
      },
    );
    await new Promise<void>((done) => instance.listen(0, '127.0.0.1', done));
    const url = `https://localhost:${(instance.address() as AddressInfo).port}`;
    const hub = await startHub({
      env: { C: text('client.crt'), K: text('client.key'), CA: text('ours.crt') },
      yaml: `
projects:
  - slug: mine
    name: Mine
    hubUrl: "${url}"
    clientCertificate: { cert: "\${C}", key: "\${K}", ca: "\${CA}" }
    services: [{ name: api, probes: [{ kind: instance, interval: 1s, timeout: 2s, failAfter: 1 }] }]
  - slug: other
    name: Other
    hubUrl: "${url}"
    services: [{ name: api, probes: [{ kind: http, url: "${url}/other", interval: 1s, timeout: 2s, failAfter: 1, tls: { ca: "\${CA}" } }] }]
network: { allowPrivate: true }
`,
    });
    const statusOf = async (slug: string) =>
      (await hub.api.read<OpsHealth>(`/ops/health?project=${slug}`)).services[0]?.status;
    await until(async () => (await statusOf('mine')) === 'up' && (await statusOf('other')) === 'down', {
      timeoutMs: 20_000,
      what: 'both are judged',
    });
    await hub.api.post('/api/fed/refresh', { projects: ['mine'] });
    const by = (path: string) => [...new Set(seen.filter((one) => one.path === path).map((one) => one.by))];
    expect(by('/api/health')).toEqual(['client']);
    expect(by('/api/capabilities')).toEqual(['client']);
    expect(by('/other')).toEqual(['nobody']);
    const shown = await hub.api.get('/api/config/export');
    expect(shown.text).toContain('BEGIN CERTIFICATE');
    expect(shown.text).not.toContain('PRIVATE KEY');
    expect((await hub.api.get('/api/fed/projects/mine')).text).not.toContain('PRIVATE KEY');
    await hub.dispose();
    instance.closeAllConnections();
    instance.close();
  });
});
