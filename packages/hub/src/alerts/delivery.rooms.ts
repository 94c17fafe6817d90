import type { AlertNotification } from '@orrery/protocol';
import { afterEach } from 'vitest';
import type { OpenTestDatabase } from '../../../../test/services/databases.ts';
import { type Received, type Receiver, startReceiver } from '../../../../test/services/receiver.ts';
import { createEvents } from '../events/index.ts';
import { systemClock } from '../platform/clock.ts';
import { silentLog } from '../platform/testing.ts';
import type { DeclaredChannel } from './index.ts';
import { alertsOn, finding, movableClock, person } from './testing.ts';

/** What the channels of these suites sign with. */
export const SECRET = 'a-signing-secret-of-24-bytes';
export const told = ({ body }: Received): AlertNotification => JSON.parse(body);
export const idOf = ({ headers }: Received) => String(headers['webhook-id']);

/** For tests: rooms whose channels are webhook receivers that live as long as one test. */
export function deliveryRooms(open: OpenTestDatabase) {
  const receivers: Receiver[] = [];
  const receiver = async () => {
    const made = await startReceiver();
    receivers.push(made);
    return made;
  };
  afterEach(async () => {
    for (const made of receivers.splice(0)) await made.close();
  });
  const room = async (channels: Record<string, Receiver>, overrides: Parameters<typeof alertsOn>[1] = {}) => {
    const { db, kind } = await open();
    const clock = movableClock(Date.now());
    const hub = async (holderId: string) => {
      const alerts = alertsOn(db, { clock, holderId, ...overrides });
      await alerts.syncChannels(
        Object.entries(channels).map(
          ([name, { url }]): DeclaredChannel => ({
            declaration: { name, kind: 'webhook', url, secret: SECRET },
            ref: 'orrery.yaml:3',
          }),
        ),
      );
      return alerts;
    };
    const alerts = await hub('hub-a');
    return {
      db,
      kind,
      clock,
      hub,
      alerts,
      fire: (count = 1, from = 0) =>
        alerts.reconcile(
          Array.from({ length: count }, (_, i) => finding({ fingerprint: `fp-${from + i}` })),
          { scope: ['veria'], at: clock.now() },
        ),
      recover: () => alerts.reconcile([], { scope: ['veria'], at: clock.now() }),
      rows: async (channel = 'ops') => (await alerts.deliveries(person('eve'), { channel, limit: 200 })).items,
      events: async () =>
        (await createEvents({ db, clock: systemClock, log: silentLog }).recent(person('eve'), { limit: 100 })).items,
    };
  };
  return { receiver, room };
}
