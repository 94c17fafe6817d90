import type { Database } from '../shared/database.ts';
import { makeId } from '../shared/random.ts';

export type Order = { id: string; brand: string; totalCents: number; placedAt: number; invoiceId: string | null };
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ORDER = 'id, brand, total_cents AS "totalCents", placed_at AS "placedAt", invoice_id AS "invoiceId"';

/** ROLLIZR's catalogue, carts and orders, and the hourly roll-up of its brands. */
export function createRollizrStore(db: Database, now: () => number) {
  const number = async (sql: string, params: (string | number)[] = []) =>
    Number((await db.one<{ n: number | null }>(sql, params))?.n ?? 0);

  return {
    products: (brand: string | undefined) =>
      brand
        ? db.all('SELECT sku, brand, title, price_cents AS "priceCents", stock FROM products WHERE brand = $1', [brand])
        : db.all('SELECT sku, brand, title, price_cents AS "priceCents", stock FROM products ORDER BY sku LIMIT 40'),
    async openCart(shopper: string): Promise<string> {
      const id = makeId('crt');
      await db.run("INSERT INTO carts (id, shopper, created_at, state) VALUES ($1, $2, $3, 'open')", [
        id,
        shopper,
        now(),
      ]);
      return id;
    },
    addItem: async (cartId: string, sku: string, quantity: number) =>
      (await db.run(
        `INSERT INTO cart_items (cart_id, sku, quantity)
         SELECT c.id, p.sku, $3 FROM carts c, products p WHERE c.id = $1 AND c.state = 'open' AND p.sku = $2
         ON CONFLICT (cart_id, sku) DO UPDATE SET quantity = cart_items.quantity + excluded.quantity`,
        [cartId, sku, quantity],
      )) > 0,
    /** Turns an open cart with items into an order; undefined when there is none, or another checkout was faster. */
    async checkout(cartId: string): Promise<Order | undefined> {
      const total = await db.one<{ cents: number | null; brand: string | null }>(
        `SELECT SUM(p.price_cents * i.quantity) AS cents, MIN(p.brand) AS brand
         FROM cart_items i JOIN products p ON p.sku = i.sku WHERE i.cart_id = $1`,
        [cartId],
      );
      if (!total?.cents || !total.brand) return undefined;
      if ((await db.run("UPDATE carts SET state = 'ordered' WHERE id = $1 AND state = 'open'", [cartId])) === 0)
        return undefined;
      await db.run(
        'UPDATE products SET stock = stock - 1 WHERE stock > 0 AND sku IN (SELECT sku FROM cart_items WHERE cart_id = $1)',
        [cartId],
      );
      return this.place(cartId, total.brand, total.cents);
    },
    async place(cartId: string, brand: string, totalCents: number): Promise<Order | undefined> {
      const id = makeId('ord');
      await db.run(
        'INSERT INTO orders (id, cart_id, brand, total_cents, placed_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING',
        [id, cartId, brand, totalCents, now()],
      );
      return db.one<Order>(`SELECT ${ORDER} FROM orders WHERE id = $1`, [id]);
    },
    order: (id: string) => db.one<Order>(`SELECT ${ORDER} FROM orders WHERE id = $1`, [id]),
    invoiced: (id: string, invoiceId: string) =>
      db.run('UPDATE orders SET invoice_id = $2 WHERE id = $1', [id, invoiceId]),
    /** Orders whose invoice could not be made yet, oldest first. */
    uninvoiced: () =>
      db.all<Order>(
        `SELECT ${ORDER} FROM orders WHERE invoice_id IS NULL AND id NOT LIKE 'ord_seed%' ORDER BY placed_at LIMIT 10`,
      ),
    waitingForInvoice: () =>
      number("SELECT count(*) AS n FROM orders WHERE invoice_id IS NULL AND id NOT LIKE 'ord_seed%'"),

    /** Writes the running hour and the one before it into the ledger. */
    rollUp: () => {
      const from = Math.floor(now() / HOUR) * HOUR - HOUR;
      return db.run(
        `INSERT INTO rollups (hour, brand, orders, revenue_cents)
         SELECT (placed_at / ${HOUR}) * ${HOUR}, brand, count(*), SUM(total_cents) FROM orders WHERE placed_at >= $1 GROUP BY 1, 2
         ON CONFLICT (hour, brand) DO UPDATE SET orders = excluded.orders, revenue_cents = excluded.revenue_cents`,
        [from],
      );
    },
    rollups: () =>
      db.all(
        'SELECT hour, brand, orders, revenue_cents AS "revenueCents" FROM rollups ORDER BY hour DESC, brand LIMIT 48',
      ),
    abandon: () =>
      db.run("UPDATE carts SET state = 'abandoned' WHERE state = 'open' AND created_at < $1", [now() - 10 * 60_000]),
    restock: () => db.run('UPDATE products SET stock = 1500 WHERE stock < 20'),

    ping: () => db.one('SELECT 1 AS n'),
    lowStock: () => number('SELECT count(*) AS n FROM products WHERE stock < 20'),
    figures: async () => {
      const since = now() - DAY;
      const ordered = await number("SELECT count(*) AS n FROM carts WHERE state = 'ordered' AND created_at > $1", [
        since,
      ]);
      const carts = await number('SELECT count(*) AS n FROM carts WHERE created_at > $1', [since]);
      return {
        revenue_24h: (await number('SELECT SUM(total_cents) AS n FROM orders WHERE placed_at > $1', [since])) / 100,
        orders_24h: await number('SELECT count(*) AS n FROM orders WHERE placed_at > $1', [since]),
        carts_open: await number("SELECT count(*) AS n FROM carts WHERE state = 'open'"),
        conversion_percent: carts === 0 ? 0 : Math.round((ordered / carts) * 1000) / 10,
        active_users: await number('SELECT count(DISTINCT shopper) AS n FROM carts WHERE created_at > $1', [
          now() - 300_000,
        ]),
        orders_uninvoiced: await number(
          "SELECT count(*) AS n FROM orders WHERE invoice_id IS NULL AND id NOT LIKE 'ord_seed%'",
        ),
      };
    },
    async tidy(): Promise<void> {
      const before = now() - 2 * DAY;
      await db.run('DELETE FROM cart_items WHERE cart_id IN (SELECT id FROM carts WHERE created_at < $1)', [before]);
      await db.run('DELETE FROM carts WHERE created_at < $1', [before]);
      await db.run('DELETE FROM orders WHERE placed_at < $1', [before]);
    },
  };
}
export type RollizrStore = ReturnType<typeof createRollizrStore>;
