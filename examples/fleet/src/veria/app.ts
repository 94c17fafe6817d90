import type { RequestListener } from 'node:http';
import type { Instance } from '@orrery/sdk';
import { orrery } from '@orrery/sdk/express';
import express, { type ErrorRequestHandler } from 'express';
import type { AuditResult, VeriaStore } from './store.ts';

/** Veria's routes. Policies are served from a short cache that the action `cache.clear` empties. */
export function createVeriaApp(instance: Instance, store: VeriaStore, audit: (scope: string) => Promise<AuditResult>) {
  const app = express();
  const { logs } = instance;
  let cached: { at: number; policies: unknown[] } | undefined;

  app.disable('x-powered-by');
  app.use(orrery(instance, { who: (req) => ({ tier: req.get('x-tier') ?? 'standard' }) }));
  app.use(express.json({ limit: '64kb' }));
  app.use(async (req, _res, next) => {
    const user = req.get('x-user');
    if (user) await store.visited(user.slice(0, 64));
    next();
  });

  app.get('/policies', async (_req, res) => {
    if (!cached || Date.now() - cached.at > 10_000) cached = { at: Date.now(), policies: await store.policies() };
    res.json({ items: cached.policies });
  });
  app.get('/policies/:id', async (req, res) => {
    const policy = await store.policy(req.params.id);
    if (policy) res.json(policy);
    else res.status(404).json({ error: 'no such policy' });
  });
  app.post('/policies/:id/acknowledgements', async (req, res) => {
    const person = req.get('x-user') ?? 'unknown';
    const added = await store.acknowledge(req.params.id, person);
    if (added) logs.write('info', 'Policy acknowledged', { policy: req.params.id, person });
    res.status(added ? 201 : 200).json({ acknowledged: true });
  });

  app.get('/audits', async (_req, res) => void res.json({ items: await store.audits() }));
  app.post('/audits', async (req, res) => {
    const scope: unknown = req.body?.scope ?? 'all';
    if (typeof scope !== 'string') return void res.status(400).json({ error: 'scope must be a text' });
    res.status(201).json(await audit(scope.slice(0, 64)));
  });

  app.get('/invoices', async (req, res) => {
    const status = req.query.status === 'paid' ? 'paid' : 'open';
    res.json({ items: await store.invoices(status) });
  });
  app.post('/invoices', async (req, res) => {
    const { customer, orderRef, amountCents }: Record<string, unknown> = req.body ?? {};
    if (typeof customer !== 'string' || typeof orderRef !== 'string' || !isCents(amountCents)) {
      logs.write('warn', 'An invoice was refused: customer, orderRef and amountCents are needed', { customer });
      return void res.status(422).json({ error: 'customer, orderRef and amountCents are needed' });
    }
    const invoice = await store.bill(customer, orderRef, amountCents);
    logs.write('info', `Invoice issued to ${customer}`, { invoice: invoice?.id, order: orderRef, amountCents });
    res.status(201).json(invoice);
  });
  app.post('/invoices/:id/payments', async (req, res) => {
    const outcome = await store.pay(req.params.id);
    if (outcome === 'unknown') return void res.status(404).json({ error: 'no such invoice' });
    if (outcome === 'paid') {
      logs.write('info', 'Payment received, waiting for reconciliation', { invoice: req.params.id });
      instance.emit('invoice.paid', { title: `Invoice ${req.params.id} was paid`, invoice: req.params.id });
    }
    res.status(outcome === 'paid' ? 201 : 409).json({ outcome });
  });

  const failed: ErrorRequestHandler = (error, req, res, next) => {
    if (res.headersSent) return next(error);
    const status = typeof error?.status === 'number' && error.status < 500 ? error.status : 500;
    if (status >= 500) logs.write('error', `${req.method} ${req.path} failed`, { error });
    res.status(status).json({ error: status >= 500 ? 'something went wrong' : 'the request could not be read' });
  };
  app.use(failed);

  return {
    handler: app as RequestListener,
    clearCache() {
      const size = cached?.policies.length ?? 0;
      cached = undefined;
      logs.write('info', 'Policy cache cleared', { size });
      return size;
    },
  };
}

const isCents = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 && value < 1e9;
