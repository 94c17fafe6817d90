import { verifyBody } from '@orrery/protocol/signing';
import { sql } from 'kysely';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { OpenTestDatabase } from '../../../../test/services/databases.ts';
import type { Receiver } from '../../../../test/services/receiver.ts';
import { startSmtp } from '../../../../test/services/smtp.ts';
import { until } from '../../../../test/services/until.ts';
import { type Db, type DbKind, inTransaction } from '../platform/db.ts';
import { deliveryRooms, idOf, SECRET, told } from './delivery.rooms.ts';
import { claim } from './outbox.ts';
import { openOutbound, person } from './testing.ts';

const typesAt = (receiver: Receiver) => receiver.taken().map((request) => told(request).type);

/** Hands over what makes the outbox take no write, as a database does that has lost its disk; returns what ends that. */
async function readOnly(
  db: Db,
  kind: DbKind,
  ready: (begin: () => Promise<void>) => void,
): Promise<() => Promise<void>> {
  const run = async (statement: string) => void (await sql.raw(statement).execute(db));
  if (kind === 'sqlite') {
    ready(() => run('PRAGMA query_only = ON'));
    return () => run('PRAGMA query_only = OFF');
  }
  await run(
    `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'read-only' USING ERRCODE = '25006'; END $$`,
  );
  ready(() => run('CREATE TRIGGER refuse BEFORE UPDATE ON deliveries FOR EACH ROW EXECUTE FUNCTION refuse()'));
  return () => run('DROP TRIGGER refuse ON deliveries');
}

/** What holds for deliveries on every database. */
export function deliverSuite(open: OpenTestDatabase): void {
  const { receiver, room } = deliveryRooms(open);

  describe('a delivery', () => {
    it('reaches a receiver once, signed, in the form of the contract', async () => {
      const ops = await receiver();
      const { alerts, fire, recover, rows } = await room({ ops });
      await fire();
      await alerts.deliver();
      await recover();
      await alerts.deliver();
      await alerts.deliver();
      expect(typesAt(ops)).toEqual(['alert.opened', 'alert.resolved']);
      for (const { headers, body } of ops.received)
        expect(verifyBody([SECRET], new Headers(headers as Record<string, string>), body, new Date())).toMatchObject({
          ok: true,
        });
      const [opened] = ops.received.map(told);
      expect(Object.keys(opened ?? {})).toEqual(['type', 'at', 'alert']);
      expect(opened?.alert).toMatchObject({ project: 'veria', status: 'open', fingerprint: 'fp-0' });
      expect((await rows()).map(({ status, attempts }) => [status, attempts])).toEqual([
        ['delivered', 1],
        ['delivered', 1],
      ]);
    });

    it('is tried again under the same id until it arrives, and its channel tells why it waits', async () => {
      const ops = await receiver();
      const { alerts, clock, fire, rows } = await room({ ops });
      ops.answer({ status: 500, body: 'inner secret' });
      await fire();
      await alerts.deliver();
      expect(await rows()).toMatchObject([{ status: 'pending', attempts: 1, lastError: 'HTTP 500' }]);
      expect(await alerts.channels(person('eve'))).toMatchObject([{ name: 'ops', pending: 1, lastError: 'HTTP 500' }]);
      clock.move(2000);
      await alerts.deliver();
      ops.answer({ status: 204 });
      clock.move(5000);
      await alerts.deliver();
      expect(new Set(ops.received.map(idOf)).size).toBe(1);
      expect(new Set(ops.received.map(({ body }) => body)).size).toBe(1);
      expect(ops.received.map(({ status }) => status)).toEqual([500, 500, 204]);
      expect(await rows()).toMatchObject([{ status: 'delivered', attempts: 3 }]);
      const [channel] = await alerts.channels(person('eve'));
      expect(channel).toMatchObject({ pending: 0, lastDeliveredAt: expect.any(String) });
      expect(channel).not.toHaveProperty('lastError');
    });

    it('fails at once when the receiver is gone for good, and an event says so', async () => {
      const ops = await receiver();
      const { alerts, clock, fire, rows, events } = await room({ ops });
      ops.answer({ status: 410 });
      await fire();
      await alerts.deliver();
      clock.move(3_600_000);
      await alerts.deliver();
      expect(ops.received).toHaveLength(1);
      expect(await rows()).toMatchObject([
        { status: 'failed', attempts: 1, lastError: 'HTTP 410: the receiver is gone for good' },
      ]);
      expect((await events())[0]).toMatchObject({
        type: 'notification.failed',
        project: 'veria',
        title: 'ops was not told: Error rate above 5',
      });
      expect(await alerts.measures.settled()).toContainEqual({
        labels: { channel: 'ops', outcome: 'failed' },
        value: 1,
      });
    });

    it('is given up after a day of trying, and not before', async () => {
      const ops = await receiver();
      const { alerts, clock, fire, rows, events } = await room({ ops });
      ops.answer({ status: 503 });
      await fire();
      for (let hour = 0; hour < 24; hour++) {
        await alerts.deliver();
        clock.move(3_600_000 - 1);
      }
      expect(await rows()).toMatchObject([{ status: 'pending', attempts: 24 }]);
      clock.move(60_000);
      await alerts.deliver();
      expect(await rows()).toMatchObject([{ status: 'failed', attempts: 25 }]);
      expect((await events()).filter(({ type }) => type === 'notification.failed')).toHaveLength(1);
    });

    it.each([429, 503])('waits as long as a receiver asks for with %i', async (status) => {
      const ops = await receiver();
      const { alerts, clock, fire } = await room({ ops });
      ops.answer({ status, headers: { 'retry-after': '30' } });
      await fire();
      await alerts.deliver();
      ops.answer({ status: 204 });
      await fire(2);
      for (const ms of [2000, 10_000, 17_000]) {
        clock.move(ms);
        await alerts.deliver();
      }
      expect(ops.received).toHaveLength(1);
      clock.move(2000);
      await alerts.deliver();
      expect(ops.taken()).toHaveLength(2);
    });

    it('tells of an opening first, even when the alert is over before its opening could be told', async () => {
      const ops = await receiver();
      const { alerts, clock, fire, recover } = await room({ ops });
      ops.answer({ status: 500 });
      await fire();
      await alerts.deliver();
      await recover();
      clock.move(3000);
      await alerts.deliver();
      ops.answer({ status: 204 });
      clock.move(60_000);
      await alerts.deliver();
      expect(typesAt(ops)).toEqual(['alert.opened', 'alert.resolved']);
      expect(ops.received.filter(({ status }) => status === 500).map((request) => told(request).type)).toEqual([
        'alert.opened',
        'alert.opened',
      ]);
    });

    it('tells of the end also when its opening had to be given up', async () => {
      const ops = await receiver();
      const { alerts, fire, recover } = await room({ ops });
      ops.answer(({ body }) => ({ status: body.includes('alert.opened') ? 410 : 204 }));
      await fire();
      await recover();
      await alerts.deliver();
      expect(ops.received.map(({ status }) => status)).toEqual([410, 204]);
    });

    it('says in a late mail that the alert is over already', async () => {
      const smtp = await startSmtp();
      const { alerts, fire, recover, clock } = await room({});
      const declaration = {
        name: 'mail',
        kind: 'email',
        smtpUrl: smtp.url,
        from: 'Orrery <o@example.com>',
        to: ['ops@example.com'],
      } as const;
      await alerts.syncChannels([{ declaration: { ...declaration, to: [...declaration.to] }, ref: 'orrery.yaml:3' }]);
      await fire();
      clock.move(90_000);
      await recover();
      await alerts.deliver();
      expect(smtp.mails.map(({ headers }) => headers.subject)).toEqual([
        '[critical] veria/api: Error rate above 5',
        '[resolved] veria/api: Error rate above 5',
      ]);
      expect(smtp.mails[0]?.text).toMatch(
        /It is over since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC; this could not be told before\./,
      );
      expect(smtp.mails[1]?.text).not.toContain('It is over since');
      expect(smtp.mails[1]?.text).toContain('after 90 s, by recovery');
      // What came of it hangs on the mail that told of it.
      const [opened, resolved] = smtp.mails.map(({ headers }) => headers);
      expect(resolved?.references).toBe(`${opened?.references} ${opened?.['message-id']}`);
      await smtp.close();
    });

    it('that a dead hub left in the middle is sent after its lease, under the same id, marked as a possible repeat', async () => {
      const ops = await receiver();
      const { db, alerts, clock, fire, rows } = await room({ ops });
      await fire();
      const [left] = await claim(db, { channel: 'ops', limit: 5, holder: 'dead', now: clock.now(), leaseMs: 30_000 });
      clock.move(29_000);
      await alerts.deliver();
      expect(ops.received).toHaveLength(0);
      clock.move(1000);
      await alerts.deliver();
      expect(ops.received.map((request) => [idOf(request), request.headers['orrery-possible-repeat']])).toEqual([
        [left?.id, 'true'],
      ]);
      expect(await rows()).toMatchObject([{ status: 'delivered', possibleRepeat: true }]);
    });

    it('that has arrived is not sent again because the database was away just then', async () => {
      const ops = await receiver();
      const noticed = Promise.withResolvers<void>();
      const out = openOutbound();
      let away = async () => {};
      const { db, kind, alerts, fire, rows } = await room(
        { ops },
        {
          outbound: { ...out, request: (asked) => out.request(asked).finally(() => away()) },
          log: pino({ level: 'warn' }, { write: () => noticed.resolve() }),
        },
      );
      const back = await readOnly(db, kind, (begin) => {
        away = begin;
      });
      await fire();
      const delivering = alerts.deliver();
      await noticed.promise;
      await back();
      await delivering;
      expect(ops.received).toHaveLength(1);
      expect(await rows()).toMatchObject([{ status: 'delivered', attempts: 1 }]);
    });

    it('does not wait until a clock that was set back catches up', async () => {
      const ops = await receiver();
      const { alerts, clock, fire } = await room({ ops });
      await fire();
      clock.move(-3_600_000);
      await alerts.deliver();
      expect(ops.taken()).toHaveLength(1);
      ops.answer({ status: 500 });
      await fire(2);
      for (let minute = 0; minute < 10; minute++) {
        await alerts.deliver();
        clock.move(60_000);
      }
      clock.move(-3_600_000);
      ops.answer({ status: 204 });
      await alerts.deliver();
      expect(ops.taken()).toHaveLength(2);
    });

    it('is made by one of two hubs, never by both', async () => {
      const ops = await receiver();
      const { alerts, hub, fire } = await room({ ops });
      const other = await hub('hub-b');
      await fire(40);
      await Promise.all([alerts.deliver(), other.deliver(), alerts.deliver(), other.deliver()]);
      expect(ops.received).toHaveLength(40);
      expect(new Set(ops.received.map(idOf)).size).toBe(40);
    });

    it('is not claimed by a hub that waited for another one to claim it', async () => {
      const ops = await receiver();
      const { db, kind, clock, fire } = await room({ ops });
      await fire(10);
      const reach = (trx: Db, holder: string) =>
        claim(trx, { channel: 'ops', limit: 10, holder, now: clock.now(), leaseMs: 30_000 });
      const claimed = Promise.withResolvers<void>();
      const commit = Promise.withResolvers<void>();
      const first = inTransaction(db, async (trx) => {
        const rows = await reach(trx, 'hub-a');
        claimed.resolve();
        await commit.promise;
        return rows;
      });
      await claimed.promise;
      const second = reach(db, 'hub-b');
      // SQLite queues the second by itself; on PostgreSQL it has read the rows and waits for their locks.
      if (kind === 'postgres')
        await until(async () => (await sql`SELECT 1 FROM pg_locks WHERE NOT granted`.execute(db)).rows.length > 0, {
          what: 'the second hub waits',
        });
      commit.resolve();
      expect([(await first).length, (await second).length]).toEqual([10, 0]);
    });

    it('that is cut off by a stop goes out again at the next start, marked', async () => {
      const ops = await receiver();
      const { alerts, hub, fire, rows } = await room({ ops }, { timing: { stopGraceMs: 200 } });
      ops.answer('hang');
      await fire();
      const stopping = new AbortController();
      const delivering = alerts.deliver(stopping.signal);
      await until(() => ops.received.length === 1, { what: 'the first attempt' });
      const asked = performance.now();
      stopping.abort();
      await delivering;
      expect(performance.now() - asked).toBeLessThan(2000);
      expect(await rows()).toMatchObject([{ status: 'pending', possibleRepeat: true }]);
      ops.answer({ status: 204 });
      await (await hub('hub-b')).deliver();
      expect(ops.received.map(({ headers }) => headers['orrery-possible-repeat'])).toEqual([undefined, 'true']);
    });
  });
}
