import type { Db } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import { newSecret } from '../platform/ids.ts';
import { sha256 } from './digest.ts';
import type { AccessTables } from './tables.ts';

type Kind = AccessTables['links']['kind'];

/** One answer for every link that is not good, so that it tells nothing of whom it was for. */
export const badLink = (): HubError =>
  new HubError('forbidden', 'This link is not good: unknown, used already, or too old. Ask for a new one.');

/** Makes a token for a link; only its digest is kept. */
export async function makeLink(trx: Db, kind: Kind, subject: string, expiresAt: number): Promise<string> {
  const token = newSecret(kind === 'reset' ? 'orw' : 'ori');
  await trx
    .withTables<AccessTables>()
    .insertInto('links')
    .values({ hash: sha256(token), kind, subject, expires_at: expiresAt })
    .execute();
  return token;
}

/** What the link of a token is about; throws badLink. */
export async function subjectOf(db: Db, kind: Kind, token: string, now: number): Promise<string> {
  const row = await db
    .withTables<AccessTables>()
    .selectFrom('links')
    .select('subject')
    .where('hash', '=', sha256(token))
    .where('kind', '=', kind)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  if (!row) throw badLink();
  return row.subject;
}

/** Ends every link about something; says how many there were. */
export async function endLinks(trx: Db, kind: Kind, subject: string): Promise<bigint> {
  const { numDeletedRows } = await trx
    .withTables<AccessTables>()
    .deleteFrom('links')
    .where('kind', '=', kind)
    .where('subject', '=', subject)
    .executeTakeFirst();
  return numDeletedRows;
}
