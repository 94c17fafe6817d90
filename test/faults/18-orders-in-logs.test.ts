import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Alert, Diagnosis, Incident } from '@orrery/protocol';
import { expect, test } from 'vitest';
import { figure } from '../services/figures.ts';
import { createApi, startHub } from '../services/hub.ts';
import { chatBody, type Reply, startProvider } from '../services/provider.ts';
import { until } from '../services/until.ts';
import { during } from './during.ts';
import { type Order, orders } from './orders.ts';

/**
 * Fault 18, threats 14 and 24: products whose logs, checks, events, metrics and answers order a model to act, and three models: one that
 * obeys all of it, one that invents evidence, one that answers nonsense. Everything over HTTP, on a whole hub.
 */
const PROJECTS = 20;
const SECRET = 'sk-live-canary-4f9a7c2e81d3';

test.for(['obeys', 'invents', 'rambles'] as const)(
  'a model that %s makes nothing happen and says nothing that was not seen',
  { timeout: 150_000 },
  async (kind) => {
    const canary = await during(startCanary(), (opened) => opened.close());
    const all = orders(canary.url, SECRET);
    const products = await during(startProducts(all), (opened) => opened.close());
    const model = await during(startProvider(MODELS[kind](all)), (opened) => opened.close());
    const hub = await during(startHub({ yaml: yaml(products.url, model.url) }), (opened) => opened.dispose());

    // What an order can also stand in: an event of the product, and the name of a metric.
    for (let i = 0; i < PROJECTS; i++)
      for (const [n, { text }] of ofProject(all, i).slice(8).entries())
        await createApi(hub.url, { 'x-api-key': keyOf(i) }).call('POST', '/api/fed/events', [
          event(i, `events.deploy.finished`, { title: text, message: text }, n),
          event(
            i,
            'metrics.samples',
            { projectSlug: `p${i}`, samples: [{ key: text.replace(/[^A-Za-z]+/g, '.').slice(0, 100), value: 1 }] },
            n,
          ),
        ]);
    products.fail();
    const explained = async () => (await events(hub, 'diagnosis.explained')).length;
    await until(async () => (await incidents(hub)).length === PROJECTS, {
      timeoutMs: 40_000,
      what: 'every project has its incident',
    });
    await until(async () => model.asked.length >= PROJECTS, {
      timeoutMs: 60_000,
      everyMs: 200,
      what: 'the model was asked about each',
    });
    // The last answer is dealt with when the calls of all of them are on record.
    await until(
      async () =>
        (await hub.api.read<{ items: { outcome: string | null }[] }>('/ops/ai/calls?limit=200')).items.filter(
          ({ outcome }) => outcome !== null,
        ).length >= PROJECTS,
      {
        timeoutMs: 20_000,
        what: 'every call has ended',
      },
    );

    const found = await Promise.all(
      (await incidents(hub)).map(({ id }) => hub.api.read<Diagnosis>(`/api/incidents/${id}/diagnosis`)),
    );
    const claims = found.flatMap(({ explanation, evidence }) =>
      (explanation?.claims ?? []).map((claim) => ({ ...claim, evidenceThere: evidence })),
    );
    const succeeded = all.filter(({ text, mark }) =>
      claims.some((claim) => claim.text.includes(text) || claim.text.includes(mark)),
    );
    const uncited = claims.filter(
      ({ evidence, evidenceThere }) =>
        evidence.length === 0 || evidence.some((id) => !evidenceThere.some((each) => each.id === id)),
    );
    const prompts = model.asked.map(({ text }) => text).join('\n');
    const leaked = [SECRET, canary.url, ...all.map(({ text }) => text.slice(0, 40))].filter(
      (text) => prompts.includes(text) || prompts.includes(JSON.stringify(text).slice(1, -1)),
    );

    figure(18, `${all.length} orders, a model that ${kind}: orders that reach a reader`, String(succeeded.length), '0');
    figure(
      18,
      `a model that ${kind}: requests to the canary's host, secrets in prompts`,
      `${canary.hits()} and ${leaked.length}`,
      '0 and 0',
    );
    expect(succeeded).toEqual([]);
    expect(uncited).toEqual([]);
    expect(leaked).toEqual([]);
    expect(canary.hits()).toBe(0);
    expect(claims.some(({ text }) => /https?:|\[|\]\(|<|`/.test(text))).toBe(false);
    // The ranking is what it is without a model, and nobody acted.
    for (const { causes } of found) expect(causes[0]?.kind).toMatch(/^(?:deploy|failing|dependency)$/);
    expect(
      (await hub.api.read<{ items: Alert[] }>('/api/fed/alerts?limit=200')).items.filter(
        ({ status }) => status !== 'open',
      ),
    ).toEqual([]);
    for (const path of ['/ops/silences', '/ops/autoheal', '/api/fed/actions', '/ops/maintenance'])
      expect((await hub.api.read<{ items: unknown[] }>(path)).items, path).toEqual([]);
    const { items } = await hub.api.read<{ items: { actor: { id: string } }[] }>('/api/audit?limit=200');
    expect(items.filter(({ actor }) => actor.id === 'system:diagnosis')).toEqual([]);
    if (kind !== 'rambles') expect(await explained()).toBe(PROJECTS);
    if (kind !== 'obeys') expect(claims).toEqual([]);
    else expect(claims.length, 'what it says of the evidence itself is shown').toBeGreaterThanOrEqual(PROJECTS);
  },
);

const incidents = async (hub: { api: ReturnType<typeof createApi> }) =>
  (await hub.api.read<{ items: Incident[] }>('/ops/incidents?status=open&limit=100')).items;
const events = async (hub: { api: ReturnType<typeof createApi> }, type: string) =>
  (await hub.api.read<{ items: unknown[] }>(`/ops/events/recent?limit=200&type=${type}`)).items;

const ofProject = (all: readonly Order[], i: number) =>
  all.slice(i * (all.length / PROJECTS), (i + 1) * (all.length / PROJECTS));
const keyOf = (i: number) => `key-of-project-${i}-0000000000`;
const event = (i: number, type: string, data: object, n: number) => ({
  ...{ specversion: '1.0', id: `${type}-${i}-${n}`, source: `p${i}`, type, time: new Date().toISOString() },
  ...{ datacontenttype: 'application/json', data },
});
const yaml = (products: string, model: string) => `network: { allowPrivate: true }
diagnosis: { explanationsPerHour: 1000 }
ai: { providers: [{ name: fake, kind: compatible, url: "${model}/v1", key: k, models: [m] }] }
projects:
${Array.from(
  { length: PROJECTS },
  (_, i) => `  - slug: p${i}
    name: P${i}
    hubUrl: ${products}/p${i}
    apiKey: ${keyOf(i)}
    services:
      - name: api
        probes: [{ kind: instance, interval: 2s, timeout: 1s, failAfter: 1 }]
      - name: web
        probes: [{ kind: http, url: "${products}/p${i}/state", json: { path: $.state, equals: fine }, interval: 2s, timeout: 1s, failAfter: 1 }]`,
).join('\n')}
`;

/** Answers over the lines of a prompt; the names of its evidence are read out of it, as a model would. */
const namesIn = (text: string, kind: 'id' | 'part') =>
  [...text.matchAll(new RegExp(`\\\\"${kind}\\\\":\\\\"([^"\\\\]+)`, 'g'))].map(([, name]) => name ?? '');
const say = (outgoing: ServerResponse, text: string) => {
  outgoing.setHeader('content-type', 'application/json');
  outgoing.end(JSON.stringify(chatBody(text)));
};
const MODELS: Record<'obeys' | 'invents' | 'rambles', (all: readonly Order[]) => Reply> = {
  /** Puts ten of the orders into every answer, with evidence that there is, beside one honest claim: as if they had come through. */
  obeys(all) {
    let asked = 0;
    return (outgoing, { text }) => {
      const [id = 'e1'] = namesIn(text, 'id');
      const [part = 'p1'] = namesIn(text, 'part');
      const some = ofProject(all, asked++ % PROJECTS).map((order, n) => ({
        // Half of them as if they were about a part of the incident.
        text: n % 2 === 0 ? order.text : `${part}: ${order.text}`,
        evidence: [id],
      }));
      say(
        outgoing,
        JSON.stringify({
          claims: [...some, { text: `${part} began to fail before anything else did`, evidence: [id] }],
        }),
      );
    };
  },
  invents:
    () =>
    (outgoing, { text }) => {
      const [id = 'e1'] = namesIn(text, 'id');
      const [part = 'p1'] = namesIn(text, 'part');
      const made = [
        ['e999'],
        ['ev_0123456789abcdef'],
        [id, 'e998'],
        [],
        ['__proto__'],
        ['constructor'],
        [''],
        [`${id} `],
        [id.toUpperCase()],
      ];
      say(
        outgoing,
        JSON.stringify({
          claims: made.map((evidence, i) => ({ text: `The disk of ${part} is full, number ${i}`, evidence })),
        }),
      );
    },
  rambles() {
    let asked = 0;
    const answers = [
      'I am sorry, but as a language model I cannot',
      '{"claims": [{"text": "p1 fails", "evid',
      `{"claims": [{"text": "${'x'.repeat(1 << 20)}", "evidence": ["e1"]}]}`,
      '',
      '<html><body>502</body></html>',
      '['.repeat(50_000),
      '{"claims": "all of them"}',
      '{"claims": [null, 7, [], {"text": 4, "evidence": ["e1"]}, {"text": "p1 fails as e1 says", "evidence": "e1"}]}',
      '42',
      '{"claims": [{"text": "\\u202e\\u200b\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00", "evidence": ["e1"]}]}',
    ];
    return (outgoing) => say(outgoing, answers[asked++ % answers.length] ?? '');
  },
};

/** A host that nobody may ask for anything. */
async function startCanary() {
  let hits = 0;
  const server = createServer((_, response) => {
    hits++;
    response.end();
  });
  server.on('connection', () => void hits++);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hits: () => hits,
    close: async () => void server.close(),
  };
}

/** Products that say orders wherever a product can say something. */
async function startProducts(all: readonly Order[]) {
  let failing = false;
  const lines = (i: number) =>
    ofProject(all, i)
      .slice(0, 6)
      .map(({ text }) => ({ at: new Date().toISOString(), level: 'error', message: text }));
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const { pathname } = new URL(request.url ?? '/', 'http://x');
    const [, slug = '', ...rest] = pathname.split('/');
    const i = Number(slug.slice(1));
    const [, , , , , , check, state] = ofProject(all, i);
    const bodies: Record<string, unknown> = {
      'api/logs': { entries: failing ? lines(i) : [] },
      'api/metrics': { site_key: slug, timestamp: new Date().toISOString(), metrics: { 'good.value': 42 } },
      'api/capabilities': {
        project: slug,
        name: slug,
        tools: [],
        endpoints: {},
        events: [],
        actions: [],
        version: state?.text.slice(0, 60),
      },
      'api/health': failing
        ? {
            status: 'unhealthy',
            checks: { [check?.text.slice(0, 60) ?? '']: { ok: false, detail: check?.text } },
            timestamp: new Date().toISOString(),
            version: '1',
          }
        : { status: 'healthy', checks: {}, timestamp: new Date().toISOString(), version: '1' },
      state: { state: failing ? state?.text : 'fine' },
    };
    const body = bodies[rest.join('/')];
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? {}));
  };
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fail() {
      failing = true;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
