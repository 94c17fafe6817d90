import type { Instance } from '@orrery/sdk';
import { orrery } from '@orrery/sdk/hono';
import { type Context, Hono } from 'hono';
import type { Invoicing } from './invoicing.ts';
import type { Order, RollizrStore } from './store.ts';

/** ROLLIZR's routes. An order counts once it is placed; its invoice follows. */
export function createRollizrApp(instance: Instance, store: RollizrStore, invoicing: Invoicing): Hono {
  const app = new Hono();
  const { logs } = instance;

  app.use(orrery(instance, { who: (c) => ({ tier: c.req.header('x-tier') ?? 'standard' }) }));

  app.get('/products', async (c) => c.json({ items: await store.products(c.req.query('brand')) }));
  app.post('/carts', async (c) =>
    c.json({ id: await store.openCart((c.req.header('x-user') ?? 'guest').slice(0, 64)) }, 201),
  );
  app.post('/carts/:id/items', async (c) => {
    const { sku, quantity } = await read(c);
    if (
      typeof sku !== 'string' ||
      typeof quantity !== 'number' ||
      !Number.isInteger(quantity) ||
      quantity < 1 ||
      quantity > 99
    )
      return c.json({ error: 'sku and a quantity from 1 to 99 are needed' }, 422);
    const added = await store.addItem(c.req.param('id'), sku, quantity);
    if (!added) logs.write('warn', 'Item not added: unknown product or closed cart', { sku, cart: c.req.param('id') });
    return added ? c.json({ added }, 201) : c.json({ error: 'no such product or open cart' }, 404);
  });
  app.post('/carts/:id/checkout', async (c) => {
    const order = await store.checkout(c.req.param('id'));
    if (!order) return c.json({ error: 'the cart is empty or already ordered' }, 409);
    return c.json(await placed(order), 201);
  });
  /** Performia sells finished renders here. */
  app.post('/exports', async (c) => {
    const { render, frames } = await read(c);
    if (typeof render !== 'string' || typeof frames !== 'number')
      return c.json({ error: 'render and frames are needed' }, 422);
    const order = await store.place(`export-${render}`, 'Performia', Math.max(100, Math.round(frames * 0.4)));
    if (!order) return c.json({ error: 'this render is already sold' }, 409);
    return c.json(await placed(order), 201);
  });
  app.get('/orders/:id', async (c) => {
    const order = await store.order(c.req.param('id'));
    return order ? c.json(order) : c.json({ error: 'no such order' }, 404);
  });
  app.get('/rollups', async (c) => c.json({ items: await store.rollups() }));

  app.onError((error, c) => {
    logs.write('error', `${c.req.method} ${c.req.path} failed`, { error });
    return c.json({ error: 'something went wrong' }, 500);
  });

  async function placed(order: Order): Promise<Order> {
    logs.write('info', `Order placed: ${order.brand}, ${(order.totalCents / 100).toFixed(2)}`, { order: order.id });
    instance.emit('order.placed', {
      title: `${order.brand} sold for ${(order.totalCents / 100).toFixed(2)}`,
      order: order.id,
      brand: order.brand,
      totalCents: order.totalCents,
    });
    await invoicing.invoice(order);
    return (await store.order(order.id)) ?? order;
  }
  return app;
}

async function read(c: Context): Promise<Record<string, unknown>> {
  try {
    const body: unknown = await c.req.json();
    return typeof body === 'object' && body !== null ? { ...body } : {};
  } catch {
    return {};
  }
}
