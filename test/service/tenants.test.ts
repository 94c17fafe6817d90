import { writeFileSync } from 'node:fs';
import type { Alert, Incident, KeyView, Me, Pattern, Silence } from '@orrery/protocol';
import { permissionAsked, ROUTE_ASKS } from '@orrery/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiClient, createApi, type RunningHub, startHub } from '../services/hub.ts';
import { addPerson, leaveRow, makeKey, rowsOf, signedIn } from '../services/people.ts';
import { until } from '../services/until.ts';

/** Everything of the other tenant, and of the operating company itself, has this in its name. */
const WORD = 'zebra';
const INGEST = { zebra: 'ik-zebra-5d07f2c9b1a84e36', acme: 'ik-acme-1c9be27d48365f1a0' };
const probe = (name: string) =>
  `[{ name: ${name}, probes: [{ kind: http, url: "http://127.0.0.1:1/", interval: 1s, timeout: 1s, failAfter: 1 }] }]`;
const yaml = (acme = 'acme', more = '') => `
network: { allowPrivate: true }
${more}
tenants:
  - { id: acme, tier: 5, features: [ai.chat] }
  - { id: zebra-ltd, name: Zebra Ltd, features: [no-ai] }
projects:
  - { slug: acme-shop, name: Acme shop, hubUrl: "http://127.0.0.1:1", tenant: ${acme}, apiKey: ${INGEST.acme}, dependsOn: [zebra-shop], services: ${probe('web')} }
  - { slug: zebra-shop, name: Zebra shop, hubUrl: "http://127.0.0.1:1", tenant: zebra-ltd, apiKey: ${INGEST.zebra}, allowFanout: [cache.clear], services: ${probe('zebra-web')} }
  - { slug: zebra-house, name: Zebra house, hubUrl: "http://127.0.0.1:1", services: ${probe('zebra-api')} }
channels:
  - { name: zebra-hook, kind: webhook, url: "http://127.0.0.1:1/zebra", projects: [zebra-shop] }
maintenance:
  - { name: zebra-night, match: { projects: [zebra-shop] }, from: 2035-01-01T00:00:00Z, until: 2035-01-01T01:00:00Z, title: zebra }
statusPages:
  - { slug: zebra-page, title: Zebra, groups: [{ name: Zebra, services: [{ service: zebra-shop }] }] }
`;

let hub: RunningHub;
/** Of acme: each sees the one project of acme, and nothing that has the word in it. */
let ours: { name: string; api: ApiClient; may: ReadonlySet<string> }[];
/** What stands for each path parameter of the routes: ids that belong to the other tenant. */
let theirs: Record<string, string>;

const push = async (key: keyof typeof INGEST, type: string, data: object) => {
  const answer = await fetch(`${hub.url}/api/fed/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/cloudevents+json', 'x-api-key': INGEST[key] },
    body: JSON.stringify({ specversion: '1.0', id: `${type}-${Math.random()}`, source: `${key}-shop`, type, data }),
  });
  expect(answer.status, await answer.clone().text()).toBe(200);
};

beforeAll(async () => {
  hub = await startHub({ yaml: yaml() });
  await addPerson(hub, { email: 'oz@acme.test', name: 'Oz', role: 'operator', tenant: 'acme' });
  await addPerson(hub, { email: 'zoe@zebra.test', name: 'Zoe Zebra', role: 'admin', tenant: 'zebra-ltd' });
  const key = (role: 'operator' | 'admin') => makeKey(hub, role, { tenant: 'acme' });
  const [operator, admin] = [await key('operator'), await key('admin')];
  const caller = async (name: string, headers: Record<string, string>) => {
    const api = createApi(hub.url, headers);
    const me = await api.read<Me>('/api/me');
    expect(me).toMatchObject({ projects: ['acme-shop'], tenant: 'acme', features: ['ai.chat'] });
    return { name, api, may: new Set<string>(me.permissions) };
  };
  ours = [
    await caller('an operator’s key', { 'x-api-key': operator }),
    await caller('an admin’s key', { 'x-api-key': admin }),
    await caller('a person', { cookie: await signedIn(hub, 'oz@acme.test') }),
  ];
  // What the other tenant has of everything.
  await push('zebra', 'metrics.samples', { projectSlug: 'zebra-shop', samples: [{ key: 'zebra.count', value: 3 }] });
  await push('zebra', 'events.deploy.finished', { projectSlug: 'zebra-shop', title: 'zebra deployed' });
  await push('acme', 'metrics.samples', { projectSlug: 'acme-shop', samples: [{ key: 'orders', value: 3 }] });
  const edge = { toProject: 'zebra-shop', fromProject: 'acme-shop', kind: 'api', strength: 0.9, proof: {} };
  await push('acme', 'integration.edge', { projectSlug: 'acme-shop', ...edge });
  const alert = await until(
    async () => {
      const { items } = await hub.api.read<{ items: Alert[] }>('/api/fed/alerts?project=zebra-shop');
      const own = await hub.api.read<{ items: Alert[] }>('/api/fed/alerts?project=acme-shop');
      const house = await hub.api.read<{ items: Alert[] }>('/api/fed/alerts?project=zebra-house');
      return own.items.length > 0 && house.items.some(({ incidentId }) => incidentId !== undefined)
        ? items.find(({ incidentId }) => incidentId !== undefined)
        : undefined;
    },
    { timeoutMs: 30_000, what: 'alerts of both' },
  );
  const silence = await hub.api.post<Silence>('/ops/silences', {
    match: { projects: ['zebra-shop'], titles: ['zebra*'] },
    reason: 'zebra',
    for: '1h',
  });
  const { items: incidents } = await hub.api.read<{ items: Incident[] }>('/ops/incidents?project=zebra-house');
  const run = await hub.api.post<{ requestId: string }>('/api/fed/actions', {
    action: 'cache.clear',
    projects: ['zebra-shop'],
  });
  await makeKey(hub, 'operator', { tenant: 'zebra-ltd' });
  const { items: keys } = await hub.api.read<{ items: KeyView[] }>('/api/keys');
  leaveRow(hub, 'invitations', {
    ...{ id: 'inv_zebra', email: 'new@zebra.test', role: 'viewer', tenant: 'zebra-ltd', invited_by: 'Zoe' },
    ...{ created_at: Date.now(), expires_at: Date.now() + 3_600_000 },
  });
  leaveRow(hub, 'ai_calls', { id: 'call_zebra', tenant: 'zebra-ltd', project: 'zebra-shop', at: Date.now() });
  const lead = { tenant: 'zebra-ltd', project: 'zebra-shop', at: Date.now(), source: 'test', source_id: '1' };
  leaveRow(hub, 'leads', { ...lead, id: 'lead_zebra', fields: '{"name":"Zebra"}' });
  leaveRow(hub, 'heal_attempts', {
    ...{ id: 'heal_zebra', project: 'zebra-shop', service: 'zebra-web', status: 'proposed', severity: 'warning' },
    ...{ alert_id: alert.id, before_states: '{}', plan: '{}', verdict: '{}', diagnosis: '{}' },
  });
  leaveRow(hub, 'forecasts', {
    ...{ series_id: 777, project: 'zebra-shop', key: 'zebra.count', tags: '{}', state: 'not_enough_data' },
    ...{ reason: 'not enough data', tried_at: Date.now() },
  });
  leaveRow(hub, 'security_incidents', {
    ...{ id: 'sec_zebra', project: 'zebra-shop', family: 'sql_injection', rule: 'tautology', route: 'GET /zebra' },
    ...{ place: 'query', actor: 'unknown', fingerprint: 'zebra', total: 3, first_at: Date.now(), last_at: Date.now() },
  });
  const symptom = {
    category: 'availability',
    severity: 'critical',
    check: 'http',
    failure: 'unreachable',
    cause: null,
  };
  leaveRow(hub, 'pattern_evidence', {
    ...{ id: 'heal_zebra', pattern_id: 'zebra', project: 'zebra-shop', service: 'zebra-web', tries: 1, at: Date.now() },
    ...{ symptom: JSON.stringify(symptom), remedy_kind: 'docker', remedy_form: 'restart a container' },
  });
  // What was learned is remembered for some seconds.
  const pattern = await until(
    async () => (await hub.api.read<{ items: Pattern[] }>('/api/patterns?project=zebra-shop')).items[0],
    { timeoutMs: 20_000, what: 'a pattern' },
  );
  theirs = {
    'forecasts/{id}': '777',
    'patterns/{id}': pattern.id,
    'security/{id}': 'sec_zebra',
    'channels/{name}': 'zebra-hook',
    'fed/actions/{requestId}': run.body.requestId,
    'alerts/{id}': alert.id,
    'blast/{slug}': 'zebra-shop',
    'logs/{project}': 'zebra-shop',
    'metrics/{project}': 'zebra-shop',
    'projects/{slug}': 'zebra-shop',
    'keys/{id}': keys.find(({ name }) => name.startsWith('zebra'))?.id ?? '',
    'tenants/{id}': 'zebra-ltd',
    'calls/{id}': 'call_zebra',
    'autoheal/{id}': 'heal_zebra',
    'incidents/{id}': incidents[0]?.id ?? '',
    'maintenance/{name}': 'zebra-night',
    'silences/{id}': silence.body.id,
    'audit/{seq}': '1',
    'users/{id}': 'usr_zoezebratest',
    'invitations/{id}': 'inv_zebra',
  };
});
afterAll(() => hub?.dispose());

/** Bodies with which the routes that take one would do their work. */
const BODIES: Readonly<Record<string, object>> = {
  'PUT /api/fed/projects/{slug}/tenant': { tenant: 'acme' },
  'PATCH /api/tenants/{id}': { name: 'Taken' },
  'PATCH /api/users/{id}': { role: 'viewer' },
};
/** Columns that nobody but a caller changes. */
const KEPT = {
  alerts: 'id, project, title, acknowledged_by',
  silences: 'id, match, until_at, ended_by',
  projects: 'slug, tenant, declaration',
  tenants: 'id, name, tier, features',
  api_keys: 'id, name, tenant, revoked_at',
  heal_attempts: 'id, project, status, approved_by',
  pattern_allowances: 'id, by_name',
  users: 'id, role, tenant, disabled_at',
  invitations: 'id, email, tenant, revoked_at',
};

const routes = Object.entries(ROUTE_ASKS).map(([route, ask]) => {
  const [method = '', path = ''] = route.split(' ');
  return { route, method, path, ask, asked: permissionAsked(ask) };
});
const GATED = routes.filter(({ asked }) => asked !== undefined);

describe('one tenant', () => {
  it('gets 404 for every id of another, whatever the route, and changes nothing of it', async () => {
    const before = rowsOf(hub, WORD, KEPT);
    const wrong: string[] = [];
    let tried = 0;
    for (const { route, method, path, asked } of GATED) {
      if (!path.includes('{')) continue;
      const [, name = ''] = /([^/]+\/\{\w+\})/.exec(path) ?? [];
      const id = theirs[name === '' ? path : name] ?? theirs[`fed/${name}`];
      if (!asked?.ofAll && id === undefined) wrong.push(`${route}: nothing of another tenant was made for ${name}`);
      const real = path.replace(/\{\w+\}/, id ?? 'nothing');
      for (const { name: who, api, may } of ours) {
        if (asked === undefined || !may.has(asked.permission)) continue;
        const { status, text } = await api.call(method, real, method === 'GET' ? undefined : (BODIES[route] ?? {}));
        tried++;
        if (status !== (asked.ofAll ? 403 : 404) || text.replaceAll(id ?? WORD, '').includes(WORD))
          wrong.push(`${route}: ${who} gets ${status} ${text.slice(0, 160)}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(tried).toBeGreaterThan(40);
    expect(rowsOf(hub, WORD, KEPT)).toEqual(before);
  });

  it('reads nothing of others in any list, and staff do: so it was there to be read', async () => {
    const [wrong, silent]: [string[], string[]] = [[], []];
    for (const { route, method, path, asked } of GATED) {
      if (method !== 'GET' || path.includes('{') || path.endsWith('/stream') || asked?.ofAll) continue;
      const real = NEEDS[path] ? `${path}?${NEEDS[path]}` : path;
      for (const { name, api, may } of ours) {
        if (!asked || !may.has(asked.permission)) continue;
        const { status, text: told } = await api.get(real);
        // The trail of refused attempts says what they themselves asked for, and what they were answered.
        const text = told.replace(/"asked":\[[^\]]*\]/g, '').replace(/"detail":"(\\.|[^"\\])*"/g, '');
        if (status !== 200 || text.includes(WORD)) wrong.push(`${route}: ${name} gets ${status} ${around(text)}`);
      }
      if (!(await hub.api.get(real)).text.includes(WORD)) silent.push(path);
    }
    expect(wrong).toEqual([]);
    expect(silent.filter((path) => !(path in SAY_NOTHING))).toEqual([]);
  });

  it('reads its own without a word of others', async () => {
    const own = ['projects/acme-shop', 'metrics/acme-shop', 'metrics/acme-shop/keys', 'graph/blast/acme-shop'];
    for (const path of own) {
      const { status, text } = (await ours[1]?.api.get(`/api/fed/${path}`)) ?? {};
      expect([path, status, around(text ?? '')]).toEqual([path, 200, '']);
    }
  });

  it('names others in vain: in queries, in bodies and in bulk', async () => {
    const admin = ours[1]?.api as ApiClient;
    for (const path of [
      '/api/fed/alerts?project=zebra-shop',
      '/ops/incidents?project=zebra-shop',
      '/ops/events/recent?project=zebra-shop',
      '/ops/health?project=zebra-shop',
      '/ops/deliveries?project=zebra-shop',
      '/ops/log-templates?project=zebra-shop',
      '/api/performance?project=zebra-shop',
      '/api/forecasts?project=zebra-shop',
      '/api/security?project=zebra-shop',
      '/api/patterns?project=zebra-shop',
      '/api/fed/sparklines?key=zebra.count',
    ]) {
      const { status, text } = await admin.get(path);
      expect([200, 404]).toContain(status);
      expect(
        around(text.replaceAll('"zebra-shop\\"', '').replaceAll('zebra-shop', '').replaceAll('zebra.count', '')),
      ).toBe('');
    }
    const refresh = await admin.post<{ results: object[] }>('/api/fed/refresh', { projects: ['zebra-shop'] });
    expect(refresh.body.results).toEqual([expect.objectContaining({ status: 'unknown' })]);
    const key = { name: 'wide', role: 'viewer', projects: ['zebra-shop'] };
    expect((await admin.post('/api/keys', key)).status).toBe(404);
    const silence = { match: { projects: ['zebra-shop'] }, reason: 'x', for: '1h' };
    expect([400, 403, 404]).toContain((await admin.post('/ops/silences', silence)).status);
    const run = await admin.post('/api/fed/actions', { action: 'cache.clear', projects: ['zebra-shop'] });
    expect(run.body).toMatchObject({ counts: { sent: 0, failed: 0, pending: 0 } });
  });

  it('is told the same of what is another’s and of what does not exist', async () => {
    const operator = ours[0]?.api as ApiClient;
    for (const [path, known, unknown] of [
      ['/api/fed/projects/', 'zebra-shop', 'zzzzz-shop'],
      ['/api/fed/alerts/', theirs['alerts/{id}'] ?? '', 'alr_00000000000000000000000000'],
      ['/api/fed/metrics/', 'zebra-shop', 'zzzzz-shop'],
    ] as const) {
      const [a, b] = [await operator.get<object>(path + known), await operator.get<object>(path + unknown)];
      const same = (answer: { status: number; text: string }, id: string) => [
        answer.status,
        answer.text.replaceAll(id, 'ID').replace(/"requestId":"[^"]+"/, ''),
      ];
      expect(same(a, known)).toEqual(same(b, unknown));
    }
  });

  it('hears of its own alone in the live stream', async () => {
    const abort = new AbortController();
    const stream = await fetch(`${hub.url}/ops/events/stream`, {
      headers: { cookie: await signedIn(hub, 'oz@acme.test') },
      signal: abort.signal,
    });
    expect(stream.status).toBe(200);
    let heard = '';
    const reading = (async () => {
      for await (const chunk of stream.body ?? []) heard += new TextDecoder().decode(chunk);
    })().catch(() => undefined);
    await push('zebra', 'events.deploy.finished', { projectSlug: 'zebra-shop', title: 'zebra deployed again' });
    await push('acme', 'events.deploy.finished', { projectSlug: 'acme-shop', title: 'acme deployed' });
    await until(() => heard.includes('deploy.finished'), { timeoutMs: 10_000, what: 'the event of our own' });
    abort.abort();
    await reading;
    expect(around(heard)).toBe('');
  });
});

describe('a feature that is switched off for a tenant', () => {
  it('is refused to its people and keys with the flag’s name, whatever their role, and to nobody else', async () => {
    const off = createApi(hub.url, { 'x-api-key': await makeKey(hub, 'admin', { tenant: 'zebra-ltd' }) });
    const request = { model: 'any', messages: [{ role: 'user', content: 'hello' }] };
    const asked: [string, string, object?][] = [
      ['GET', '/v1/models'],
      ['POST', '/v1/chat/completions', request],
      ['POST', '/v1/responses', { model: 'any', input: 'hello' }],
      ['POST', '/v1/messages', { ...request, max_tokens: 5 }],
      ['POST', '/v1/embeddings', { model: 'any', input: 'hello' }],
      ['POST', '/orchestrate', { intent: 'summarize', payload: { raw_text: 'hello' } }],
      ['POST', '/ops/ai/decide', { api: 'chat', request }],
    ];
    for (const [method, path, body] of asked) {
      const { status, text } = await off.call(method, path, body);
      expect([path, status, text.includes('feature \\"ai\\"')]).toEqual([path, 403, true]);
      expect([path, (await ours[1]?.api.call(method, path, body))?.status]).not.toEqual([path, 403]);
    }
  });
});

describe('ids that are no ids', () => {
  const ODD = [
    ':slug',
    ':id',
    '{id}',
    '*',
    'null',
    'undefined',
    '%00',
    '..',
    '%2e%2e',
    '[]',
    '{}',
    '%20',
    "'%20OR%201=1",
    'a'.repeat(300),
  ];
  it('are answered 400 or 404, on every route and for staff as well', async () => {
    const wrong: string[] = [];
    for (const { route, method, path } of GATED.filter(({ path }) => path.includes('{')))
      for (const odd of ODD) {
        const { status } = await hub.api.call(
          method,
          path.replace(/\{\w+\}/, odd),
          method === 'GET' ? undefined : (BODIES[route] ?? {}),
        );
        // `..` leads the path elsewhere before it is sent, and that may be no route, or another one.
        const fine = odd.includes('..') || odd.includes('%2e') ? status < 500 : [400, 404, 405, 429].includes(status);
        if (!fine) wrong.push(`${route} with ${odd.slice(0, 20)}: ${status}`);
      }
    expect(wrong).toEqual([]);
  });

  it('are refused as lists and maps in queries and bodies', async () => {
    for (const query of ['project=a&project=b', 'project[x]=1', 'project=%00', 'project=*'])
      expect([400, 404], query).toContain((await hub.api.get(`/ops/events/recent?${query}`)).status);
    for (const tenant of ['', '*', 'null', ['acme'], { id: 'acme' }, 7, '..', 'a\u0000b', 'nobody-declares-me'])
      expect(
        (await hub.api.call('PUT', '/api/fed/projects/zebra-house/tenant', { tenant })).status,
        String(tenant),
      ).toBe(400);
  });
});

describe('what changes while people are in', () => {
  it('acts on sessions, keys and streams within five seconds: assignment, and roles that are opened and closed again', async () => {
    const viewer = await makeKey(hub, 'viewer');
    const staff = createApi(hub.url, { 'x-api-key': viewer });
    const [, admin, person] = ours.map(({ api }) => api);
    expect((await staff.get('/ops/health')).status).toBe(403);
    const stream = await fetch(`${hub.url}/ops/events/stream`, {
      headers: { cookie: await signedIn(hub, 'oz@acme.test') },
    });
    let ended = false;
    const reading = (async () => {
      for await (const _ of stream.body ?? []) void 0;
    })()
      .catch(() => undefined)
      .finally(() => {
        ended = true;
      });
    // The project goes to the other tenant, and the roles are opened.
    writeFileSync(hub.configFile, yaml('zebra-ltd', 'access: { rbac: false }'));
    const sees = async (api: ApiClient | undefined) => (await api?.read<Me>('/api/me'))?.projects;
    await until(async () => (await sees(admin))?.length === 0 && (await sees(person))?.length === 0, {
      timeoutMs: 5000,
      what: 'the project is gone for key and session',
    });
    await until(() => ended, { timeoutMs: 5000, what: 'the stream was cut' });
    await reading;
    expect((await staff.get('/ops/health')).status).toBe(200);
    expect((await admin?.get('/api/fed/projects/acme-shop'))?.status).toBe(404);
    expect((await person?.get('/api/keys'))?.status, 'the role is open').toBe(200);
    expect(around((await person?.get('/api/keys'))?.text ?? ''), 'and the tenant is not').toBe('');
    // What is made while the roles are open holds no more than its maker's own role.
    expect((await staff.post('/api/keys', { name: 'more', role: 'admin' })).status).toBe(403);
    writeFileSync(hub.configFile, yaml());
    await until(async () => (await staff.get('/ops/health')).status === 403, {
      timeoutMs: 5000,
      what: 'roles count again',
    });
    await until(async () => (await sees(person))?.length === 1, { timeoutMs: 5000, what: 'the project is back' });
    expect((await person?.get('/api/keys'))?.status).toBe(403);
  });
});

it('a start with RBAC_ENABLED=false opens the roles for keys that were made before, never the tenants', async () => {
  const first = await startHub({ yaml: yaml() });
  const [viewer, acme] = [await makeKey(first, 'viewer'), await makeKey(first, 'viewer', { tenant: 'acme' })];
  await first.stop();
  const second = await startHub({ dataDir: first.dataDir, env: { RBAC_ENABLED: 'false' } });
  const as = (key: string) => createApi(second.url, { 'x-api-key': key });
  expect((await as(viewer).get('/ops/health')).status).toBe(200);
  expect((await as(acme).get('/api/keys')).status).toBe(200);
  expect(await as(acme).read<Me>('/api/me')).toMatchObject({ role: 'viewer', projects: ['acme-shop'], tenant: 'acme' });
  expect((await as(acme).get('/api/fed/projects/zebra-shop')).status).toBe(404);
  expect((await as(acme).post('/api/keys', { name: 'x', role: 'viewer', tenant: 'zebra-ltd' })).status).toBe(400);
  // The file has the last word.
  writeFileSync(second.configFile, yaml('acme', 'access: { rbac: true }'));
  await until(async () => (await as(viewer).get('/ops/health')).status === 403, {
    timeoutMs: 10_000,
    what: 'roles count again',
  });
  await second.dispose();
}, 60_000);

/** What stands round the word, when it is there. */
function around(text: string): string {
  const at = text.toLowerCase().indexOf(WORD);
  return at === -1 ? '' : text.slice(Math.max(0, at - 80), at + 60);
}

/** Queries without which a list says nothing. */
const NEEDS: Readonly<Record<string, string>> = {
  '/api/fed/sparklines': 'key=zebra.count',
  '/ops/ai/usage': 'by=project',
  '/api/patterns/export': 'names=true',
  '/api/performance': 'project=acme-shop',
};
/** Lists that tell staff nothing of any project here, and why. A new list that is not here has to be given something to tell. */
const SAY_NOTHING: Readonly<Record<string, string>> = {
  '/api/fed/actions': 'runs with their counts; the one run of the other tenant is asked for by its id',
  '/api/performance': 'of one project at a time; another’s is asked for in vain below',
  '/api/fed/mesh/hubs': 'no hub of a project is heard over the mesh',
  '/ops/ai/budgets': 'no budget is declared',
  '/ops/ai/forecast': 'no budget is declared',
  '/ops/analysis': 'a week has not passed',
  '/ops/heal/control': 'the one switch',
  '/ops/heal/policies': 'no policy is declared',
  '/ops/hubs': 'hubs, not projects',
  '/ops/jobs': 'jobs, not projects',
  '/ops/log-templates': 'nothing logs',
  '/ops/routes': 'no route is declared',
  '/v1/models': 'models, not projects',
};
