import { getRequestListener } from '@hono/node-server';
import { createInstance, type Instance } from '@orrery/sdk';
import { createRollizrApp } from './rollizr/app.ts';
import { createInvoicing } from './rollizr/invoicing.ts';
import { ROLLIZR_SCHEMA, seedRollizr } from './rollizr/schema.ts';
import { createRollizrStore } from './rollizr/store.ts';
import { openSqlite } from './shared/database.ts';
import { readEnvironment } from './shared/environment.ts';
import { createFaultSwitch } from './shared/faults.ts';
import { createPeer } from './shared/peer.ts';
import { commonOptions, runProduct, watchQueries } from './shared/product.ts';
import { createRandom } from './shared/random.ts';
import { scan, securityAudit } from './shared/scan.ts';

/** ROLLIZR: a shop of many brands and its hourly roll-ups, on Hono with SQLite. Veria writes its invoices. */
const env = readEnvironment('rollizr', process.env);
const faults = createFaultSwitch();
const random = createRandom(Date.now());

const instance: Instance = createInstance({
  ...commonOptions(env, 'ROLLIZR', env.release?.version ?? '1.14.0', { summariesEveryMs: 3_600_000 }),
  checks: {
    database: { run: async () => (await store.ping()) !== undefined, critical: true },
    invoicing: async () => {
      const waiting = await store.waitingForInvoice();
      return { ok: waiting < 50, detail: `${waiting} orders wait for an invoice` };
    },
    ...(env.deepChecks ? { veria: { run: () => books.isWell(), critical: true } } : {}),
    stock: async () => {
      const low = await store.lowStock();
      return { ok: low < 5, detail: `${low} products are nearly sold out` };
    },
  },
  metrics: () => store.figures(),
  tools: ['rollup'],
  events: ['order.placed'],
  audits: { 'audit.security': () => securityAudit(instance, random) },
  onRefresh: () => scan(instance, random),
  actions: {
    'rollup.run': async () => ({ rows: await store.rollUp() }),
    'stock.refill': async () => ({ products: await store.restock() }),
  },
});

const db = openSqlite(env.dir, 'rollizr', ROLLIZR_SCHEMA, watchQueries(instance, faults, /\borders\b/));
const store = createRollizrStore(db, Date.now);
const books = createPeer(instance, 'veria', env.peers.veria ?? '');
const invoicing = createInvoicing(instance, store, books);
const app = createRollizrApp(instance, store, invoicing);
await seedRollizr(db, Date.now());

await runProduct({
  env,
  instance,
  faults,
  handler: getRequestListener(app.fetch),
  chores: [
    { everyMs: 5000, run: invoicing.catchUp },
    { everyMs: 30_000, run: () => store.rollUp() },
    { everyMs: 60_000, run: () => store.abandon() },
    { everyMs: 60_000, run: () => store.tidy() },
    { everyMs: 300_000, run: () => store.restock() },
  ],
  close: () => db.close(),
});
