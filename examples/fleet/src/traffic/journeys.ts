import { CUSTOMERS } from '../veria/schema.ts';
import { field, type Visitor } from './visitor.ts';

/** What people do on each product. Now and then somebody follows a dead link or sends a form half filled. */
export const JOURNEYS = {
  async veria(visitor) {
    const { random } = visitor;
    await visitor.get('/policies');
    await visitor.think(300, 1500);
    if (random.chance(0.5)) await visitor.post(`/policies/${random.pick(POLICY_IDS)}/acknowledgements`);
    if (random.chance(0.35)) {
      const bill = {
        customer: random.pick(CUSTOMERS),
        orderRef: `po-${random.int(1e6, 9e6)}`,
        amountCents: random.int(4900, 250_000),
      };
      const invoice = field(
        await visitor.post('/invoices', random.chance(0.04) ? { customer: bill.customer } : bill),
        'id',
      );
      await visitor.think(400, 2500);
      if (invoice && random.chance(0.8)) await visitor.post(`/invoices/${invoice}/payments`);
    }
    if (random.chance(0.12)) await visitor.post('/audits', { scope: random.pick(POLICY_IDS) });
    if (random.chance(0.4)) await visitor.get('/invoices?status=open');
    if (random.chance(0.03)) await visitor.get(`/policies/pol_retired${random.int(1, 9)}`);
  },
  async performia(visitor) {
    const { random } = visitor;
    await visitor.get('/studios');
    const opened = await visitor.post('/sessions', { studioId: `std_${random.int(1, 8)}`, bpm: random.int(70, 174) });
    const session = field(opened, 'id');
    if (!session) return;
    for (let bar = random.int(2, 7); bar > 0; bar--) {
      await visitor.think(500, 2500);
      await visitor.post(`/sessions/${session}/beats`);
      if (!random.chance(0.3)) continue;
      const render = await visitor.post(`/sessions/${session}/renders`, {
        preset: random.pick(['loop', 'stems', 'master']),
        frames: random.int(240, 5400),
      });
      const id = field(render, 'id');
      await visitor.think(600, 1500);
      if (id) await visitor.get(`/renders/${id}`);
    }
    if (random.chance(0.85)) await visitor.post(`/sessions/${session}/end`);
    if (random.chance(0.04)) await visitor.get('/renders/rnd_expired');
  },
  async rollizr(visitor) {
    const { random } = visitor;
    await visitor.get(random.chance(0.5) ? '/products' : `/products?brand=${random.pick(BRANDS)}`);
    await visitor.think(300, 1800);
    const cart = field(await visitor.post('/carts'), 'id');
    if (!cart) return;
    for (let item = random.int(1, 4); item > 0; item--) {
      const sku = random.chance(0.03) ? 'kiln-teapot' : `${random.pick(BRANDS).toLowerCase()}-${random.pick(THINGS)}`;
      await visitor.post(`/carts/${cart}/items`, { sku, quantity: random.int(1, 3) });
      await visitor.think(200, 1500);
    }
    if (random.chance(0.45)) return;
    const order = field(await visitor.post(`/carts/${cart}/checkout`), 'id');
    await visitor.think(200, 800);
    if (order) await visitor.get(`/orders/${order}`);
    if (random.chance(0.1)) await visitor.get('/rollups');
  },
} as const satisfies Record<string, (visitor: Visitor) => Promise<void>>;

const POLICY_IDS = ['pol_access', 'pol_retention', 'pol_vendor', 'pol_change', 'pol_keys', 'pol_breach', 'pol_backup'];
const BRANDS = ['Kiln', 'Oakmoss', 'Verso', 'Tern', 'Halyard'];
const THINGS = ['mug', 'throw', 'notebook', 'lamp', 'tote', 'candle', 'tray', 'print'];
