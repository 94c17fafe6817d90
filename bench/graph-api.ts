import { Agent, request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { blastOf, insightsOf } from '../packages/hub/src/catalog/edges/shape.ts';
import { until } from '../test/services/until.ts';
import { startOurs } from './tools/hub.ts';
import { figure } from './tools/report.ts';

/** Usage: node bench/graph-api.ts. `GET /api/fed/graph` of 500 projects and 1,500 edges, asked by one client on one connection, quickly and slowly. */
const PROJECTS = 500;
const EDGES = 1500;
const name = (n: number) => `p${n % PROJECTS}`;

/** Three edges a project: to the next, and to two far away. */
const yaml = [
  'network: { allowPrivate: true }',
  'projects:',
  ...Array.from({ length: PROJECTS }, (_, n) => {
    const targets = [n + 1, n * 7 + 3, n * 13 + 11].map(name);
    const edges = targets.map((to, i) => `{ to: ${to}, kind: ${['api', 'queue', 'secret'][i]}, strength: 0.${i + 4} }`);
    const own = edges.filter((_, i) => targets[i] !== name(n));
    return `  - { slug: ${name(n)}, name: "Project ${n}", hubUrl: "http://127.0.0.1:9", apiKey: ingest-key-number-${n}, tags: [t${n % 9}], domain: D${n % 7}, edges: [${own.join(', ')}] }`;
  }),
].join('\n');

const hub = await startOurs(yaml);
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
type Answer = { ms: number; status: number; bytes: number; body: string; etag: string };
const ask = (headers: Record<string, string> = {}, query = ''): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const began = performance.now();
    request(
      `${hub.url}/api/fed/graph${query}`,
      { agent, headers: { 'x-api-key': hub.key, ...headers } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const ms = performance.now() - began;
          const body = Buffer.concat(chunks);
          const { statusCode: status = 0, headers: got } = response;
          resolve({ ms, status, bytes: body.length, body: body.toString('utf8'), etag: String(got.etag ?? '') });
        });
      },
    )
      .on('error', reject)
      .end();
  });
const p95 = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.95)] ?? Number.NaN;

try {
  const first = await until(
    async () => {
      const answer = await ask();
      return answer.body.includes('"nodes"') && answer;
    },
    { what: 'a graph', timeoutMs: 30_000 },
  );
  const graph = JSON.parse(first.body) as { nodes: unknown[]; edges: unknown[] };
  console.log(`${graph.nodes.length} projects, ${graph.edges.length} edges (of ${EDGES}), ${first.bytes} bytes`);
  await wait(5000);
  const quick: number[] = [];
  for (let i = 0; i < 500; i++) quick.push((await ask()).ms);
  figure({
    what: `GET /api/fed/graph, ${PROJECTS} projects / ${graph.edges.length} edges, p95`,
    unit: 'ms',
    ours: p95(quick),
    bar: { atMost: 10 },
  });

  // Something happens before each question, so that no answer can be an old one.
  const slow: number[] = [];
  for (let i = 0; i < 100; i++) {
    const event = {
      specversion: '1.0',
      id: `bench-${i}`,
      source: 'bench',
      type: 'audit.summary.status',
      datacontenttype: 'application/json',
      data: { projectSlug: name(i), ok: i, warn: 0, fail: 0, lastRun: new Date().toISOString() },
    };
    const stored = await fetch(`${hub.url}/api/fed/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/cloudevents+json', 'x-api-key': `ingest-key-number-${i}` },
      body: JSON.stringify(event),
    });
    if (stored.status !== 200) throw new Error(`the hub answered ${stored.status}: ${await stored.text()}`);
    const answer = await ask();
    slow.push(answer.ms);
    const seen = (
      JSON.parse(answer.body) as { nodes: { id: string; kpis?: { auditsOk: number | null } }[] }
    ).nodes.find(({ id }) => id === name(i));
    if (seen?.kpis?.auditsOk !== i) throw new Error(`${name(i)} is shown with ${seen?.kpis?.auditsOk}, and has ${i}`);
  }
  figure({
    what: 'the same, right after a figure of a project changed, p95',
    unit: 'ms',
    ours: p95(slow),
    note: 'each answer holds the new figure',
  });

  // Another moment each time, so that none is known already.
  const past: number[] = [];
  for (let i = 0; i < 100; i++) {
    const at = new Date(Date.now() - 50 * i).toISOString();
    const answer = await ask({}, `?at=${at}`);
    if (answer.status !== 200) throw new Error(`the hub answered ${answer.status}: ${answer.body}`);
    past.push(answer.ms);
  }
  figure({ what: 'the same as it was at a past moment, p95', unit: 'ms', ours: p95(past), bar: { atMost: 50 } });

  await wait(2000);
  let { etag } = await ask();
  const again: number[] = [];
  let unchanged = 0;
  for (let i = 0; i < 200; i++) {
    const answer = await ask({ 'if-none-match': etag });
    again.push(answer.ms);
    etag = answer.etag;
    if (answer.status === 304) unchanged++;
  }
  figure({
    what: 'asked again with its ETag, p95',
    unit: 'ms',
    ours: p95(again),
    note: `${unchanged} of 200 answers were 304`,
  });
} finally {
  agent.destroy();
  await hub.dispose();
}

// What the shape of a large graph says, and who is hit in it: no hub, the algorithms alone.
const [NODES, LINKS] = [5000, 15_000];
const slugs = Array.from({ length: NODES }, (_, n) => `n${n}`);
const links = Array.from({ length: LINKS }, (_, n) => ({
  from: slugs[(n * 7919) % NODES] ?? '',
  to: slugs[(n * 104_729 + (n >> 3)) % NODES] ?? '',
  strength: 0.1 + (n % 9) / 10,
}));
const timed = (work: () => unknown): number => {
  work();
  const began = performance.now();
  for (let i = 0; i < 5; i++) work();
  return (performance.now() - began) / 5;
};
figure({
  what: 'cycles, hubs and single points of 5,000 projects / 15,000 edges',
  unit: 'ms',
  ours: timed(() => insightsOf(slugs, links)),
  bar: { atMost: 100 },
});
figure({
  what: 'the blast radius of one of them',
  unit: 'ms',
  ours: timed(() => blastOf('n0', links)),
  bar: { atMost: 100 },
  note: `${blastOf('n0', links).length} are hit`,
});
