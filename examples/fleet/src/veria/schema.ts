import type { Database } from '../shared/database.ts';
import { createRandom } from '../shared/random.ts';

/** Plain SQL that SQLite and PostgreSQL both run. Money is in cents, times are epoch milliseconds. */
export const VERIA_SCHEMA = `
CREATE TABLE IF NOT EXISTS policies (
  id TEXT PRIMARY KEY, title TEXT NOT NULL, area TEXT NOT NULL, version INTEGER NOT NULL, owner TEXT NOT NULL, updated_at BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS acknowledgements (
  policy_id TEXT NOT NULL, person TEXT NOT NULL, version INTEGER NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (policy_id, person, version)
);
CREATE TABLE IF NOT EXISTS controls (
  id TEXT PRIMARY KEY, policy_id TEXT NOT NULL, title TEXT NOT NULL, result TEXT NOT NULL, checked_at BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS audits (
  id TEXT PRIMARY KEY, scope TEXT NOT NULL, ok INTEGER NOT NULL, warn INTEGER NOT NULL, fail INTEGER NOT NULL, finished_at BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS invoices (
  id TEXT PRIMARY KEY, customer TEXT NOT NULL, order_ref TEXT NOT NULL UNIQUE, amount_cents BIGINT NOT NULL, status TEXT NOT NULL,
  issued_at BIGINT NOT NULL, due_at BIGINT NOT NULL, paid_at BIGINT
);
CREATE INDEX IF NOT EXISTS invoices_by_status ON invoices (status, due_at);
CREATE TABLE IF NOT EXISTS payments (
  id TEXT PRIMARY KEY, invoice_id TEXT NOT NULL, amount_cents BIGINT NOT NULL, received_at BIGINT NOT NULL, matched_at BIGINT
);
CREATE INDEX IF NOT EXISTS payments_unmatched ON payments (matched_at, received_at);
CREATE TABLE IF NOT EXISTS visits (person TEXT PRIMARY KEY, at BIGINT NOT NULL);
`;

const POLICIES = [
  ['pol_access', 'Access reviews', 'SOC 2'],
  ['pol_retention', 'Data retention', 'GDPR'],
  ['pol_vendor', 'Vendor risk', 'ISO 27001'],
  ['pol_change', 'Change management', 'SOC 2'],
  ['pol_keys', 'Key rotation', 'PCI DSS'],
  ['pol_breach', 'Breach notification', 'GDPR'],
  ['pol_backup', 'Backup and restore', 'ISO 27001'],
  ['pol_segregation', 'Segregation of duties', 'SOX'],
] as const;
const OWNERS = ['m.lindqvist', 'a.okafor', 'j.tanaka', 's.moreau'] as const;
export const CUSTOMERS = [
  'Northwind',
  'Halden AS',
  'Pico & Sons',
  'Aurum Health',
  'Baltic Freight',
  'Kestrel Labs',
] as const;
const DAY = 86_400_000;

/** Fills an empty database with a small firm's books: eight policies, four controls each, a month of invoices. */
export async function seedVeria(db: Database, now: number): Promise<void> {
  if (await db.one('SELECT id FROM policies LIMIT 1')) return;
  const random = createRandom(11);
  for (const [id, title, area] of POLICIES) {
    await db.run('INSERT INTO policies (id, title, area, version, owner, updated_at) VALUES ($1, $2, $3, $4, $5, $6)', [
      id,
      title,
      area,
      random.int(1, 6),
      random.pick(OWNERS),
      now - random.int(3, 200) * DAY,
    ]);
    for (let n = 1; n <= 4; n++)
      await db.run('INSERT INTO controls (id, policy_id, title, result, checked_at) VALUES ($1, $2, $3, $4, $5)', [
        `${id}_${n}`,
        id,
        `${title}, control ${n}`,
        random.chance(0.88) ? 'ok' : random.chance(0.75) ? 'warn' : 'fail',
        now - random.int(1, 20) * DAY,
      ]);
  }
  for (let n = 1; n <= 120; n++) {
    const issued = now - random.int(0, 30 * 24) * 3_600_000;
    const paid = random.chance(0.82);
    await db.run(
      `INSERT INTO invoices (id, customer, order_ref, amount_cents, status, issued_at, due_at, paid_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [
        `inv_seed${n}`,
        random.pick(CUSTOMERS),
        `seed-${n}`,
        random.int(4_900, 480_000),
        paid ? 'paid' : 'open',
        issued,
        issued + 14 * DAY,
        paid ? Math.min(now, issued + random.int(1, 72) * 3_600_000) : null,
      ],
    );
  }
}
