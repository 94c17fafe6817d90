import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { deriveProjectKey, signBody } from '@orrery/protocol/signing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../../test/services/ports.ts';
import { until } from '../../../test/services/until.ts';

const packages = join(import.meta.dirname, '../..');
const KEY = 'next-test-key';
const MESH_KEY = 'mesh-key-of-the-next-test';
const withKey = { headers: { 'x-api-key': KEY } };
const app = mkdtempSync(join(import.meta.dirname, '.next-'));
const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' as const, NODE_OPTIONS: '' };
let server: ChildProcess | undefined;
let base = '';

const FILES = {
  'package.json': '{"name":"next-product","private":true,"type":"module"}',
  'next.config.mjs': `export default { turbopack: { root: ${JSON.stringify(join(packages, '..'))} }, typescript: { ignoreBuildErrors: true } };`,
  'lib/orrery.ts': `import { createInstance } from '@orrery/sdk';
import { sharedInstance } from '@orrery/sdk/next';
export const instance = sharedInstance(() => createInstance({
  project: 'shop', version: '3.0.0', apiKey: '${KEY}', meshKey: '${MESH_KEY}',
  checks: { database: () => true },
  actions: { 'cache.clear': ({ requestId }) => ({ cleared: requestId }) },
}));`,
  'app/layout.tsx':
    'export default function Layout({ children }) { return <html lang="en"><body>{children}</body></html>; }',
  'app/page.tsx': 'export default function Page() { return <p>shop</p>; }',
  'app/api/[...orrery]/route.ts': `import { orrery } from '@orrery/sdk/next';
import { instance } from '../../../lib/orrery';
export const { GET, HEAD, POST } = orrery(instance);`,
  'app/api/orders/[id]/route.ts': `import { notFound, redirect } from 'next/navigation';
import { traced } from '@orrery/sdk/next';
import { instance } from '../../../../lib/orrery';
export const GET = traced(instance, '/api/orders/[id]', async (request, { params }) => {
  const { id } = await params;
  if (id === 'none') notFound();
  if (id === 'moved') redirect('/api/orders/1');
  if (id === 'broken') throw new Error('broken');
  instance.logs.write('info', 'order ' + id);
  return Response.json({ id });
}, { who: (request) => ({ tier: request.headers.get('x-tier') ?? 'free' }) });`,
};

/** Builds a package the way it is published, where the product finds it. */
function publish(name: string): void {
  const home = join(app, 'node_modules/@orrery', name);
  const source = join(packages, name);
  const tsdown = join(source, 'node_modules/tsdown/dist/run.mjs');
  const entries = name === 'sdk' ? [] : ['src/index.ts', 'src/signing.ts'];
  execFileSync(
    process.execPath,
    [tsdown, ...entries, '--no-dts', '--out-dir', join(home, 'dist'), '--logLevel', 'error'],
    {
      cwd: source,
      stdio: 'pipe',
    },
  );
  cpSync(join(source, 'package.json'), join(home, 'package.json'));
}

beforeAll(async () => {
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(app, path)), { recursive: true });
    writeFileSync(join(app, path), text);
  }
  publish('protocol');
  publish('sdk');
  const next = join(packages, '../node_modules/next/dist/bin/next');
  execFileSync(process.execPath, [next, 'build'], { cwd: app, env, stdio: 'pipe' });
  const port = await freePort();
  base = `http://127.0.0.1:${port}`;
  server = spawn(process.execPath, [next, 'start', '-p', String(port), '-H', '127.0.0.1'], {
    cwd: app,
    env,
    stdio: 'ignore',
  });
  await until(async () => (await fetch(base)).ok, { timeoutMs: 30_000, what: 'Next.js answers' });
}, 120_000);

afterAll(async () => {
  if (server && server.exitCode === null) {
    const gone = once(server, 'exit');
    server.kill('SIGTERM');
    await gone;
  }
  rmSync(app, { recursive: true, force: true, maxRetries: 5 });
});

describe('the Next.js adapter, in a production build of a real app', () => {
  it('serves health, metrics, logs and capabilities from the catch-all route', async () => {
    expect(await (await fetch(`${base}/api/health`)).json()).toMatchObject({ status: 'healthy', version: '3.0.0' });
    expect((await fetch(`${base}/api/logs`)).status).toBe(401);
    expect(await (await fetch(`${base}/api/capabilities`)).json()).toMatchObject({
      project: 'shop',
      actions: ['cache.clear'],
    });
    expect((await fetch(`${base}/api/nothing`)).status).toBe(404);
  });

  it('runs a signed action once', async () => {
    const body = JSON.stringify({ action: 'cache.clear', requestedBy: 'a person', requestId: 'r1' });
    const headers = {
      'content-type': 'application/json',
      ...signBody([deriveProjectKey(MESH_KEY, 'shop')], 'msg_1', new Date(), body),
    };
    const send = (text: string) => fetch(`${base}/api/actions`, { method: 'POST', headers, body: text });
    const accepted = (await (await send(body)).json()) as { auditId: string };
    expect(accepted).toMatchObject({ accepted: true });
    expect(await (await send(body)).json()).toEqual(accepted);
    expect((await send(`${body} `)).status).toBe(401);
    await until(
      async () =>
        ((await (await fetch(`${base}/api/actions/${accepted.auditId}`, withKey)).json()) as { status: string })
          .status === 'succeeded',
      { what: 'the action has run' },
    );
  });

  it('traces a route handler by its template, with what notFound, redirect and a throw mean', async () => {
    for (const id of ['1', '2', 'none', 'moved', 'broken'])
      await fetch(`${base}/api/orders/${id}`, { redirect: 'manual', headers: { 'x-tier': 'gold' } });
    const { metrics } = (await (await fetch(`${base}/api/metrics`, withKey)).json()) as {
      metrics: Record<string, number>;
    };
    expect(metrics).toMatchObject({ 'performance.requests': 5, 'performance.error_rate': 20 });
    const { entries } = (await (await fetch(`${base}/api/logs`, withKey)).json()) as { entries: { message: string }[] };
    expect(entries.map((entry) => entry.message).filter((message) => message.startsWith('order'))).toEqual([
      'order 1',
      'order 2',
    ]);
  });
});
