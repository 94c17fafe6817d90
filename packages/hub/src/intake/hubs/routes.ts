import { HubView } from '@orrery/protocol';
import { z } from 'zod';
import { authorize, type Caller } from '../../access/index.ts';
import { iso } from '../../platform/clock.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import type { Hubs } from './hubs.ts';

/** The hubs that live on the database: of a hub by itself the list has one. */
export function hubListRoutes(
  hubs: Pick<Hubs, 'id' | 'members'>,
  leader: () => Promise<string | undefined>,
): Route<Caller>[] {
  return [
    defineRoute({
      method: 'get',
      path: '/ops/hubs',
      auth: 'ops:view',
      tag: 'Operations',
      summary: 'The hubs that share the probes, and which of them judges',
      response: z.object({ items: z.array(HubView) }),
      async handle({ caller }) {
        authorize(caller, 'ops:view');
        const leads = await leader();
        const items = hubs.members().map(
          ({ id, name, version, since, seenAt, probes, isolation }): HubView => ({
            id,
            name,
            version,
            since: iso(since),
            lastSeenAt: iso(seenAt),
            probes,
            leader: id === leads,
            self: id === hubs.id,
            ...(isolation ? { isolated: { since: iso(isolation.since), reason: isolation.reason } } : {}),
          }),
        );
        return { items };
      },
    }),
  ];
}
