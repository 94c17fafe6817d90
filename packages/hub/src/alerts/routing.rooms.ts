import { RouteDeclaration } from '@orrery/protocol';
import { expect } from 'vitest';
import type { z } from 'zod';
import type { OpenTestDatabase } from '../../../../test/services/databases.ts';
import { deliveryRooms, told } from './delivery.rooms.ts';
import { person } from './testing.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const ann = person('ann');
export const veria = { projects: ['veria'] };

/** For tests: opens rooms with routes whose channels are webhook receivers. */
export function routedRooms(open: OpenTestDatabase) {
  const { receiver, room } = deliveryRooms(open);

  /** A room with the channels ops and pager, and routes. */
  return async function house(routes: z.input<typeof RouteDeclaration>[] = [], names = ['ops', 'pager']) {
    const receivers = Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await receiver()] as const)),
    );
    const made = await room(receivers);
    const declared = routes.map((route) => ({ declaration: RouteDeclaration.parse(route), ref: 'orrery.yaml:9' }));
    made.alerts.syncRoutes(declared);
    const hub = async (holderId: string) => {
      const other = await made.hub(holderId);
      other.syncRoutes(declared);
      return other;
    };
    const said = () =>
      names.flatMap((name) =>
        (receivers[name]?.taken() ?? []).map((request) => `${name} ${told(request).type.slice(6)}`),
      );
    const log = async () => (await made.alerts.deliveries(ann, { limit: 200 })).items.reverse();
    const only = async () => (await made.alerts.list(ann)).items[0] ?? expect.unreachable('there is no alert');
    const pass = async (ms: number) => {
      made.clock.move(ms);
      await made.alerts.deliver();
    };
    return { ...made, hub, receivers, said, log, only, pass };
  };
}
