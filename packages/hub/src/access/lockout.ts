import { isIP } from 'node:net';
import type { Clock } from '../platform/clock.ts';
import { type Db, inTransaction } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import { sha256 } from './digest.ts';
import type { AccessTables } from './tables.ts';

const FORGET_MS = 24 * 3_600_000;
const FIRST_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 15 * 60_000;
/** Failures before the first wait: an address may be shared by many people. */
const FREE = { account: 5, address: 30 } as const;

/** Milliseconds to wait after the given number of failures in a row. */
export function backOffMs(failures: number, free: number): number {
  return failures <= free ? 0 : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(20, failures - free - 1));
}

/** What an address stands for in counting: an IPv4 host, or an IPv6 network of 64 bits, which is what one customer gets. */
export function networkOf(ip: string): string | undefined {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1];
  if (mapped !== undefined || isIP(ip) === 4) return mapped ?? ip;
  if (isIP(ip) !== 6) return undefined;
  const [head = '', tail] = ip.toLowerCase().split('%')[0]?.split('::') ?? [];
  const left = head.split(':').filter(Boolean);
  const right = tail?.split(':').filter(Boolean) ?? [];
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array.from({ length: zeros }, () => '0'), ...right];
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}

export type Lockout = ReturnType<typeof createLockout>;

/**
 * Slows down guessing by account and by address. An attempt is charged before the password is tried, so that a hundred at once
 * count as a hundred; an account that does not exist is charged like one that does.
 */
export function createLockout({ db, clock }: { db: Db; clock: Clock }) {
  const subjects = (email: string, ip: string | undefined) => {
    const network = ip === undefined ? undefined : networkOf(ip);
    return [
      [`account:${sha256(email.toLowerCase())}`, FREE.account] as const,
      ...(network === undefined ? [] : [[`address:${network}`, FREE.address] as const]),
    ];
  };

  async function chargeOne(trx: Db, subject: string, free: number): Promise<number> {
    const q = trx.withTables<AccessTables>();
    // The insert that changes nothing locks the row, so that attempts at the same time take turns.
    const row = await q
      .insertInto('sign_in_attempts')
      .values({ subject, failures: 0, last_at: clock.now(), blocked_until: 0 })
      .onConflict((c) => c.column('subject').doUpdateSet((eb) => ({ subject: eb.ref('excluded.subject') })))
      .returningAll()
      .executeTakeFirstOrThrow();
    // The time is taken once the row is ours: waiting for it must not make this attempt older than the one before.
    const now = clock.now();
    if (row.blocked_until > now) return row.blocked_until - now;
    const failures = (now - row.last_at > FORGET_MS ? 0 : row.failures) + 1;
    const wait = backOffMs(failures, free);
    await q
      .updateTable('sign_in_attempts')
      .set({ failures, last_at: now, blocked_until: wait === 0 ? 0 : now + wait })
      .where('subject', '=', subject)
      .execute();
    return 0;
  }

  return {
    /** Counts one attempt; throws rate_limited while the account or the address has to wait. */
    charge: (email: string, ip: string | undefined): Promise<void> =>
      inTransaction(db, async (trx) => {
        for (const [subject, free] of subjects(email, ip)) {
          const waitMs = await chargeOne(trx, subject, free);
          if (waitMs === 0) continue;
          const retryAfter = Math.ceil(waitMs / 1000);
          throw new HubError('rate_limited', `Too many attempts; try again in ${retryAfter} s.`, { retryAfter });
        }
      }),
    /** Takes the charge back: the account starts anew, the address loses one failure. */
    succeeded: (email: string, ip: string | undefined): Promise<void> =>
      inTransaction(db, async (trx) => {
        const q = trx.withTables<AccessTables>();
        const [account, address] = subjects(email, ip);
        if (account) await q.deleteFrom('sign_in_attempts').where('subject', '=', account[0]).execute();
        if (address)
          await q
            .updateTable('sign_in_attempts')
            .set((eb) => ({ failures: eb('failures', '-', 1), blocked_until: 0 }))
            .where('subject', '=', address[0])
            .where('failures', '>', 0)
            .execute();
      }),
    /** Deletes what is old enough to be forgotten. */
    async sweep(): Promise<void> {
      await db
        .withTables<AccessTables>()
        .deleteFrom('sign_in_attempts')
        .where('last_at', '<', clock.now() - FORGET_MS)
        .execute();
    },
  };
}
