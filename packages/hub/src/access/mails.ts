import type { Clock } from '../platform/clock.ts';
import { type Db, inTransaction } from '../platform/db.ts';
import { newId } from '../platform/ids.ts';
import type { Log } from '../platform/log.ts';
import type { Mailer } from '../platform/mail.ts';
import { makeLink } from './links.ts';
import type { AccessTables, MailRow } from './tables.ts';

const LEASE_MS = 60_000;
const LAST_ATTEMPT = 8;
const KEPT_MS = 30 * 86_400_000;
export const RESET_LINK_MS = 3_600_000;
/** A person gets no more than this many mails about a new password in an hour, however often somebody asks. */
const RESETS_AN_HOUR = 5;

/** Writes down that a mail is due, in the transaction of what it tells. */
export async function dueMail(trx: Db, kind: MailRow['kind'], subject: string, at: number): Promise<void> {
  await trx
    .withTables<AccessTables>()
    .insertInto('mails')
    .values({
      id: newId('mail', at),
      kind,
      subject,
      created_at: at,
      attempts: 0,
      next_at: at,
      done_at: null,
      outcome: null,
    })
    .execute();
}

type Letter = { to: string; subject: string; text: string };

/** Sends what is due. Level-triggered: a crash or a server that is away leaves it due, and each try makes a link of its own. */
export function createMails(deps: { db: Db; clock: Clock; log: Log; mailer: Mailer; publicUrl: string }) {
  const { db, clock, log, mailer } = deps;
  const tables = db.withTables<AccessTables>();
  let running: Promise<void> | undefined;
  let again = false;

  async function invitationLetter(id: string): Promise<Letter | string> {
    const row = await tables.selectFrom('invitations').selectAll().where('id', '=', id).executeTakeFirst();
    if (!row || row.accepted_at !== null || row.revoked_at !== null || row.expires_at <= clock.now())
      return 'no longer open';
    const token = await makeLink(db, 'invitation', id, row.expires_at);
    const link = new URL(`/invite?token=${token}`, deps.publicUrl).href;
    return {
      to: row.email,
      subject: 'You are invited to Orrery',
      text: `${row.invited_by} invites you to ${new URL(deps.publicUrl).host} as ${row.role}.\n\nMake your account here:\n${link}\n\nThe link is good until ${new Date(row.expires_at).toUTCString()} and for one account. If you expected no invitation, do nothing.\n`,
    };
  }

  async function resetLetter(mail: MailRow): Promise<Letter | string> {
    const user = await tables
      .selectFrom('users')
      .innerJoin('accounts', 'accounts.user_id', 'users.id')
      .select(['users.id', 'users.email'])
      .where('users.email', '=', mail.subject)
      .where('users.disabled_at', 'is', null)
      .where('accounts.provider_id', '=', 'credential')
      .executeTakeFirst();
    if (!user) return 'nobody has this address and a password';
    const { told } = await tables
      .selectFrom('mails')
      .select((eb) => eb.fn.countAll<number>().as('told'))
      .where('kind', '=', 'reset')
      .where('subject', '=', mail.subject)
      .where('outcome', '=', 'sent')
      .where('created_at', '>', clock.now() - RESET_LINK_MS)
      .executeTakeFirstOrThrow();
    if (Number(told) >= RESETS_AN_HOUR) return 'asked for too often';
    const token = await makeLink(db, 'reset', user.id, clock.now() + RESET_LINK_MS);
    const link = new URL(`/reset?token=${token}`, deps.publicUrl).href;
    return {
      to: user.email,
      subject: 'A new password for Orrery',
      text: `Somebody asked for a new password for your account at ${new URL(deps.publicUrl).host}.\n\nSet it here, within an hour:\n${link}\n\nIf that was not you, do nothing: your password stays as it is.\n`,
    };
  }

  async function one(mail: MailRow): Promise<void> {
    const done = (outcome: string) =>
      tables.updateTable('mails').set({ done_at: clock.now(), outcome }).where('id', '=', mail.id).execute();
    try {
      const letter = await (mail.kind === 'reset' ? resetLetter(mail) : invitationLetter(mail.subject));
      if (typeof letter === 'string') return void (await done(letter));
      await mailer.send({ id: mail.id, ...letter });
      await done('sent');
    } catch (error) {
      if (mail.attempts >= LAST_ATTEMPT) await done('failed');
      log.warn({ err: error, mail: mail.id, attempt: mail.attempts }, 'a mail could not be sent; trying again');
    }
  }

  /** Takes due mails one by one, each for a minute: another hub leaves it alone for that long. */
  async function run(): Promise<void> {
    while (mailer.ready()) {
      const now = clock.now();
      const claimed = await inTransaction(db, async (trx) => {
        const q = trx.withTables<AccessTables>();
        const due = await q
          .selectFrom('mails')
          .selectAll()
          .where('done_at', 'is', null)
          .where('next_at', '<=', now)
          .orderBy('next_at')
          .limit(1)
          .executeTakeFirst();
        if (!due) return undefined;
        const wait = Math.max(LEASE_MS, 30_000 * 2 ** due.attempts);
        return q
          .updateTable('mails')
          .set({ attempts: due.attempts + 1, next_at: now + wait })
          .where('id', '=', due.id)
          .where('next_at', '=', due.next_at)
          .returningAll()
          .executeTakeFirst();
      });
      if (!claimed) return;
      await one(claimed);
    }
  }

  /** Sends what is due now; who calls meanwhile is served by another round. */
  function settle(): Promise<void> {
    if (running) {
      again = true;
      return running;
    }
    running = run()
      .catch((error: unknown) => log.warn({ err: error }, 'mails wait for the next turn'))
      .finally(() => {
        running = undefined;
        if (!again) return;
        again = false;
        void settle();
      });
    return running;
  }

  return {
    ready: mailer.ready,
    settle,
    async sweep(): Promise<void> {
      const now = clock.now();
      await tables
        .deleteFrom('mails')
        .where('created_at', '<', now - KEPT_MS)
        .execute();
      await tables.deleteFrom('links').where('expires_at', '<', now).execute();
      await tables
        .deleteFrom('used_codes')
        .where('used_at', '<', now - RESET_LINK_MS)
        .execute();
      await tables.deleteFrom('verifications').where('expires_at', '<', new Date(now).toISOString()).execute();
    },
    close: async (): Promise<void> => {
      again = false;
      await running;
    },
  };
}
