import type { Database } from '../shared/database.ts';
import { createRandom } from '../shared/random.ts';

/** A shop with many brands, rolled up into one hourly ledger. Money is in cents. */
export const ROLLIZR_SCHEMA = `
CREATE TABLE IF NOT EXISTS products (
  sku TEXT PRIMARY KEY, brand TEXT NOT NULL, title TEXT NOT NULL, price_cents INTEGER NOT NULL, stock INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS carts (id TEXT PRIMARY KEY, shopper TEXT NOT NULL, created_at INTEGER NOT NULL, state TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS carts_by_state ON carts (state, created_at);
CREATE TABLE IF NOT EXISTS cart_items (cart_id TEXT NOT NULL, sku TEXT NOT NULL, quantity INTEGER NOT NULL, PRIMARY KEY (cart_id, sku));
CREATE TABLE IF NOT EXISTS orders (
  id TEXT PRIMARY KEY, cart_id TEXT NOT NULL UNIQUE, brand TEXT NOT NULL, total_cents INTEGER NOT NULL, placed_at INTEGER NOT NULL, invoice_id TEXT
);
CREATE INDEX IF NOT EXISTS orders_by_time ON orders (placed_at);
CREATE TABLE IF NOT EXISTS rollups (
  hour INTEGER NOT NULL, brand TEXT NOT NULL, orders INTEGER NOT NULL, revenue_cents INTEGER NOT NULL, PRIMARY KEY (hour, brand)
);
`;

const BRANDS = ['Kiln', 'Oakmoss', 'Verso', 'Tern', 'Halyard'];
const THINGS = ['mug', 'throw', 'notebook', 'lamp', 'tote', 'candle', 'tray', 'print'];

export async function seedRollizr(db: Database, now: number): Promise<void> {
  if (await db.one('SELECT sku FROM products LIMIT 1')) return;
  const random = createRandom(37);
  for (const brand of BRANDS)
    for (const thing of THINGS)
      await db.run('INSERT INTO products (sku, brand, title, price_cents, stock) VALUES ($1, $2, $3, $4, $5)', [
        `${brand}-${thing}`.toLowerCase(),
        brand,
        `${brand} ${thing}`,
        random.int(8, 140) * 100 - 1,
        random.int(200, 2000),
      ]);
  for (let n = 1; n <= 160; n++)
    await db.run('INSERT INTO orders (id, cart_id, brand, total_cents, placed_at) VALUES ($1, $2, $3, $4, $5)', [
      `ord_seed${n}`,
      `crt_seed${n}`,
      random.pick(BRANDS),
      random.int(900, 26_000),
      now - random.int(1, 1430) * 60_000,
    ]);
}
