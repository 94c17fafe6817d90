import type { Database } from '../shared/database.ts';
import { makeId, type Random } from '../shared/random.ts';

export type Invoice = { id: string; customer: string; amountCents: number; status: string; dueAt: number };
export type AuditResult = { id: string; scope: string; ok: number; warn: number; fail: number; finishedAt: number };
const DAY = 86_400_000;
const INVOICE = 'id, customer, amount_cents AS "amountCents", status, due_at AS "dueAt"';

/** Veria's books and controls. */
export function createVeriaStore(db: Database, random: Random, now: () => number) {
  const count = async (sql: string, params: (string | number)[] = []) =>
    Number((await db.one<{ n: number }>(sql, params))?.n ?? 0);

  return {
    policies: () => db.all('SELECT id, title, area, version, owner FROM policies ORDER BY title'),
    policy: (id: string) => db.one('SELECT id, title, area, version, owner FROM policies WHERE id = $1', [id]),
    acknowledge: async (policyId: string, person: string) =>
      (await db.run(
        `INSERT INTO acknowledgements (policy_id, person, version, at) SELECT id, $2, version, $3 FROM policies WHERE id = $1
         ON CONFLICT DO NOTHING`,
        [policyId, person, now()],
      )) > 0,

    /** Re-runs every control of a policy, or of all of them, and keeps the count of outcomes. */
    async audit(scope: string): Promise<AuditResult> {
      const controls = await db.all<{ id: string; result: string }>(
        'SELECT id, result FROM controls WHERE $1 = $2 OR policy_id = $1',
        [scope, 'all'],
      );
      const counts = { ok: 0, warn: 0, fail: 0 };
      for (const control of controls) {
        const result = nextResult(control.result, random);
        counts[result]++;
        await db.run('UPDATE controls SET result = $2, checked_at = $3 WHERE id = $1', [control.id, result, now()]);
      }
      const audit = { id: makeId('aud'), scope, ...counts, finishedAt: now() };
      await db.run('INSERT INTO audits (id, scope, ok, warn, fail, finished_at) VALUES ($1, $2, $3, $4, $5, $6)', [
        audit.id,
        scope,
        audit.ok,
        audit.warn,
        audit.fail,
        audit.finishedAt,
      ]);
      return audit;
    },
    audits: () =>
      db.all(
        'SELECT id, scope, ok, warn, fail, finished_at AS "finishedAt" FROM audits ORDER BY finished_at DESC LIMIT 20',
      ),

    invoices: (status: string) =>
      db.all<Invoice>(`SELECT ${INVOICE} FROM invoices WHERE status = $1 ORDER BY due_at LIMIT 50`, [status]),
    /** The same order never gets two invoices. */
    async bill(customer: string, orderRef: string, amountCents: number): Promise<Invoice | undefined> {
      await db.run(
        `INSERT INTO invoices (id, customer, order_ref, amount_cents, status, issued_at, due_at)
         VALUES ($1, $2, $3, $4, 'open', $5, $6) ON CONFLICT DO NOTHING`,
        [makeId('inv'), customer, orderRef, amountCents, now(), now() + 14 * DAY],
      );
      return db.one<Invoice>(`SELECT ${INVOICE} FROM invoices WHERE order_ref = $1`, [orderRef]);
    },
    /** Takes a payment; it waits in the reconciliation queue until `reconcile` finds it. */
    async pay(invoiceId: string): Promise<'paid' | 'unknown' | 'settled'> {
      const invoice = await db.one<Invoice>(`SELECT ${INVOICE} FROM invoices WHERE id = $1`, [invoiceId]);
      if (!invoice) return 'unknown';
      const changed = await db.run(
        "UPDATE invoices SET status = 'paid', paid_at = $2 WHERE id = $1 AND status = 'open'",
        [invoiceId, now()],
      );
      if (changed === 0) return 'settled';
      await db.run('INSERT INTO payments (id, invoice_id, amount_cents, received_at) VALUES ($1, $2, $3, $4)', [
        makeId('pay'),
        invoiceId,
        invoice.amountCents,
        now(),
      ]);
      return 'paid';
    },
    /** Matches up to `limit` payments with their invoices, oldest first; returns how many. */
    reconcile: (limit: number) =>
      db.run(
        `UPDATE payments SET matched_at = $1 WHERE id IN
           (SELECT id FROM payments WHERE matched_at IS NULL ORDER BY received_at LIMIT ${limit})`,
        [now()],
      ),
    queueDepth: () => count('SELECT count(*) AS n FROM payments WHERE matched_at IS NULL'),

    visited: (person: string) =>
      db.run('INSERT INTO visits (person, at) VALUES ($1, $2) ON CONFLICT (person) DO UPDATE SET at = excluded.at', [
        person,
        now(),
      ]),
    ping: () => db.one('SELECT 1 AS n'),
    controlResults: async () => ({
      ok: await count("SELECT count(*) AS n FROM controls WHERE result = 'ok'"),
      warn: await count("SELECT count(*) AS n FROM controls WHERE result = 'warn'"),
      fail: await count("SELECT count(*) AS n FROM controls WHERE result = 'fail'"),
    }),
    figures: async () => ({
      revenue_24h:
        (await count('SELECT COALESCE(SUM(amount_cents), 0) AS n FROM invoices WHERE paid_at > $1', [now() - DAY])) /
        100,
      invoices_open: await count("SELECT count(*) AS n FROM invoices WHERE status = 'open'"),
      invoices_overdue: await count("SELECT count(*) AS n FROM invoices WHERE status = 'open' AND due_at < $1", [
        now(),
      ]),
      audits_24h: await count('SELECT count(*) AS n FROM audits WHERE finished_at > $1', [now() - DAY]),
      active_users: await count('SELECT count(*) AS n FROM visits WHERE at > $1', [now() - 300_000]),
      queue_depth: await count('SELECT count(*) AS n FROM payments WHERE matched_at IS NULL'),
    }),
    /** Keeps two days of what traffic makes. */
    async tidy(): Promise<void> {
      const before = now() - 2 * DAY;
      await db.run('DELETE FROM payments WHERE matched_at IS NOT NULL AND received_at < $1', [before]);
      await db.run('DELETE FROM audits WHERE finished_at < $1', [before]);
      await db.run('DELETE FROM visits WHERE at < $1', [before]);
      await db.run('DELETE FROM acknowledgements WHERE at < $1', [before]);
      await db.run("DELETE FROM invoices WHERE status = 'paid' AND paid_at < $1 AND id NOT LIKE 'inv_seed%'", [before]);
    },
  };
}
export type VeriaStore = ReturnType<typeof createVeriaStore>;

/** A control mostly stays as it was; what is wrong tends to be put right. */
function nextResult(before: string, random: Random): 'ok' | 'warn' | 'fail' {
  if (before === 'ok') return random.chance(0.985) ? 'ok' : 'warn';
  if (before === 'warn') return random.chance(0.35) ? 'ok' : random.chance(0.9) ? 'warn' : 'fail';
  return random.chance(0.4) ? 'warn' : 'fail';
}
