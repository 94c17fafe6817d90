import { createInstance, type Instance } from '@orrery/sdk';
import { openSqlite } from './shared/database.ts';
import { readEnvironment } from './shared/environment.ts';
import { createFaultSwitch } from './shared/faults.ts';
import { commonOptions, runProduct, watchQueries } from './shared/product.ts';
import { createRandom } from './shared/random.ts';
import { scan } from './shared/scan.ts';
import { createVeriaApp } from './veria/app.ts';
import { openPostgres } from './veria/postgres.ts';
import { seedVeria, VERIA_SCHEMA } from './veria/schema.ts';
import { createVeriaStore } from './veria/store.ts';

/** Veria: policies, audits and invoices on Express; SQLite, or PostgreSQL when VERIA_DATABASE_URL is set. */
const env = readEnvironment('veria', process.env);
const faults = createFaultSwitch();
const random = createRandom(Date.now());
const QUEUE_LIMIT = 200;

const instance: Instance = createInstance({
  ...commonOptions(env, 'Veria', env.release?.version ?? '2.7.1'),
  checks: {
    database: { run: async () => (await store.ping()) !== undefined, critical: true },
    reconciliation: async () => {
      const depth = await store.queueDepth();
      return { ok: depth < QUEUE_LIMIT, detail: `${depth} payments wait, the limit is ${QUEUE_LIMIT}` };
    },
    controls: async () => {
      const { fail } = await store.controlResults();
      return { ok: fail < 6, detail: `${fail} controls fail` };
    },
  },
  metrics: () => store.figures(),
  tools: ['audit', 'reconcile'],
  events: ['invoice.paid', 'audit.finished'],
  audits: {
    // The dependencies and every control; the audit stands in Veria's own table under the id that is handed back.
    'audit.security': async () => {
      const found = scan(instance, random);
      const { id, ok, warn, fail } = await store.audit('all');
      return { ok, warn, fail, findings: { audit: id, ...found } };
    },
  },
  onRefresh: reportControls,
  actions: {
    'audit.run': () => audit('all'),
    'cache.clear': async () => ({ cleared: app.clearCache(), released: await faults.release() }),
  },
});

const watch = watchQueries(instance, faults, /\bpayments\b/);
const db = env.databaseUrl
  ? await openPostgres(env.databaseUrl, VERIA_SCHEMA, instance, faults)
  : openSqlite(env.dir, 'veria', VERIA_SCHEMA, watch);
const store = createVeriaStore(db, random, Date.now);
const app = createVeriaApp(instance, store, audit);
await seedVeria(db, Date.now());

async function audit(scope: string) {
  const result = await store.audit(scope);
  instance.logs.write(result.fail > 0 ? 'warn' : 'info', `Audit of ${scope} finished`, {
    ok: result.ok,
    warn: result.warn,
    fail: result.fail,
  });
  instance.emit('audit.finished', {
    title: `Audit of ${scope}: ${result.ok} ok, ${result.warn} warnings, ${result.fail} failed`,
    ...result,
  });
  await reportControls();
  return result;
}

async function reportControls() {
  instance.summary.audit({ ...(await store.controlResults()), lastRun: new Date().toISOString() });
}

await runProduct({
  env,
  instance,
  faults,
  handler: app.handler,
  chores: [
    { everyMs: 2000, run: () => store.reconcile(5) },
    { everyMs: 60_000, run: () => store.tidy() },
    { everyMs: 3_600_000, run: () => scan(instance, random) },
  ],
  close: () => db.close(),
});
