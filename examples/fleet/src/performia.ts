import { createInstance, type Instance } from '@orrery/sdk';
import { createPerformiaApp } from './performia/app.ts';
import { createRenderer } from './performia/renderer.ts';
import { PERFORMIA_SCHEMA, seedPerformia } from './performia/schema.ts';
import { createPerformiaStore } from './performia/store.ts';
import { openSqlite } from './shared/database.ts';
import { readEnvironment } from './shared/environment.ts';
import { createFaultSwitch } from './shared/faults.ts';
import { createPeer } from './shared/peer.ts';
import { commonOptions, runProduct, watchQueries } from './shared/product.ts';
import { createRandom } from './shared/random.ts';
import { scan, securityAudit } from './shared/scan.ts';

/** Performia: live sessions and a render queue on Fastify with SQLite. */
const env = readEnvironment('performia', process.env);
const faults = createFaultSwitch();
const random = createRandom(Date.now());
const QUEUE_LIMIT = 60;

const instance: Instance = createInstance({
  ...commonOptions(env, 'Performia', env.release?.version ?? '5.0.3', { summariesEveryMs: 3_600_000 }),
  checks: {
    database: { run: async () => (await store.ping()) !== undefined, critical: true },
    queue: async () => {
      const depth = await store.queueDepth();
      return { ok: depth < QUEUE_LIMIT, detail: `${depth} renders wait, the limit is ${QUEUE_LIMIT}` };
    },
    ...(env.deepChecks ? { rollizr: { run: () => shop.isWell(), critical: true } } : {}),
    renderer: () => ({ ok: renderer.alive(), detail: 'the renderer takes a job at least every 10 s when some wait' }),
  },
  metrics: () => store.figures(),
  tools: ['render'],
  events: ['render.finished', 'session.started'],
  audits: { 'audit.security': () => securityAudit(instance, random) },
  onRefresh: () => scan(instance, random),
  actions: {
    'queue.clear': async () => ({ cleared: await store.clear() }),
  },
});

const db = openSqlite(env.dir, 'performia', PERFORMIA_SCHEMA, watchQueries(instance, faults, /\brenders\b/));
const store = createPerformiaStore(db, Date.now);
const shop = createPeer(instance, 'rollizr', env.peers.rollizr ?? '');
const renderer = createRenderer({ instance, store, shop, random });
const handler = await createPerformiaApp(instance, store);
await seedPerformia(db, Date.now());
await store.requeue();

await runProduct({
  env,
  instance,
  faults,
  handler,
  chores: [
    { everyMs: 250, run: renderer.turn },
    { everyMs: 15_000, run: () => store.endIdle() },
    { everyMs: 60_000, run: () => store.tidy() },
  ],
  close: () => db.close(),
});
