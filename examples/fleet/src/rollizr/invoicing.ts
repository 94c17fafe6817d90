import type { Instance } from '@orrery/sdk';
import type { Peer } from '../shared/peer.ts';
import type { Order, RollizrStore } from './store.ts';

/** Has Veria write an invoice for each order. What fails stays without one, and `catchUp` tries again. */
export function createInvoicing(instance: Instance, store: RollizrStore, veria: Peer) {
  const invoice = async (order: Order): Promise<boolean> => {
    try {
      const bill = { customer: order.brand, orderRef: order.id, amountCents: order.totalCents };
      const { status, body } = await veria.post('/invoices', bill);
      const id: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'id') : undefined;
      if (status !== 201 || typeof id !== 'string') return false;
      await store.invoiced(order.id, id);
      return true;
    } catch {
      return false; // The peer has logged why.
    }
  };
  return {
    invoice,
    async catchUp() {
      const waiting = await store.uninvoiced();
      if (waiting.length === 0) return;
      let done = 0;
      for (const order of waiting) {
        if (!(await invoice(order))) break;
        done++;
      }
      const level = done < waiting.length ? 'warn' : 'info';
      instance.logs.write(level, `Caught up on ${done} of ${waiting.length} invoices`, { peer: 'veria' });
    },
  };
}
export type Invoicing = ReturnType<typeof createInvoicing>;
