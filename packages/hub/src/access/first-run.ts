import { SetupInput } from '@orrery/protocol';
import type { z } from 'zod';
import type { Clock } from '../platform/clock.ts';
import { type Db, inTransaction } from '../platform/db.ts';
import { fieldErrors, HubError } from '../platform/errors.ts';
import { newSecret } from '../platform/ids.ts';
import { insertUser, newPassword } from './accounts.ts';
import { audit } from './audit.ts';
import { authorize } from './authorize.ts';
import { type Caller, systemCaller } from './caller.ts';
import { sha256 } from './digest.ts';
import { hashPassword } from './passwords.ts';
import type { AccessTables } from './tables.ts';
import { plainText } from './text.ts';

const LINK_MS = 24 * 3_600_000;
const Admin = SetupInput.omit({ token: true }).partial({ name: true, password: true });

export type AdminInput = { email: string; password?: string | undefined; name?: string | undefined };
export type Seeded =
  /** `password` is there when it was made here; nobody can read it again. */
  { status: 'created'; email: string; password?: string } | { status: 'exists'; email: string };

const over = () => new HubError('gone', 'The first run is over: an administrator exists. Sign in instead.');

/** How the first administrator comes to be. */
export function createFirstRun({ db, clock }: { db: Db; clock: Clock }) {
  const q = db.withTables<AccessTables>();
  const needed = async (): Promise<boolean> =>
    (await q.selectFrom('setup').select('id').where('used_at', 'is', null).executeTakeFirst()) !== undefined;

  /** Makes an administrator unless the address has an account, whose password is never touched. Without a password one is made. */
  async function seedAdmin(caller: Caller, input: AdminInput): Promise<Seeded> {
    authorize(caller, 'configure');
    const parsed = Admin.safeParse(input);
    if (!parsed.success) {
      const fields = fieldErrors(parsed.error.issues);
      throw new HubError('invalid', fields.map((f) => `${f.field}: ${f.reason}`).join('; '), { fields });
    }
    const email = parsed.data.email.toLowerCase();
    const existing = await q.selectFrom('users').select('id').where('email', '=', email).executeTakeFirst();
    if (existing) return { status: 'exists', email };
    const name = plainText(parsed.data.name ?? 'Administrator', 'name');
    const password = parsed.data.password ?? newPassword();
    const passwordHash = await hashPassword(password);
    const at = clock.now();
    const user = await inTransaction(db, async (trx) => {
      await close(trx, at);
      const stored = await insertUser(trx, { name, email, role: 'admin', passwordHash, at });
      if (stored)
        await audit(trx, { caller, verb: 'users.seed', target: stored.id, after: { email, role: 'admin' }, at });
      return stored;
    });
    if (!user) return { status: 'exists', email };
    return { status: 'created', email, ...(parsed.data.password === undefined ? { password } : {}) };
  }

  return {
    needed,
    seedAdmin,

    /** A one-time link, good for 24 hours, that makes the first administrator; undefined when there is one. Only its digest is kept. */
    async setupUrl(origin: string): Promise<string | undefined> {
      if (!(await needed())) return undefined;
      const token = newSecret('setup');
      const now = clock.now();
      await q.deleteFrom('setup_tokens').where('expires_at', '<=', now).execute();
      await q
        .insertInto('setup_tokens')
        .values({ hash: sha256(token), expires_at: now + LINK_MS })
        .execute();
      return new URL(`/setup?token=${token}`, origin).href;
    },

    /** Makes the first administrator by the link's token. Of two at once one wins; the other hears that the first run is over. */
    async setup(caller: Caller, input: z.infer<typeof SetupInput>): Promise<void> {
      const { token, name, email, password } = SetupInput.parse(input);
      const shown = plainText(name, 'name');
      if (!(await needed())) throw over();
      await knownToken(db, token, clock.now());
      const passwordHash = await hashPassword(password);
      const at = clock.now();
      await inTransaction(db, async (trx) => {
        if (!(await close(trx, at))) throw over();
        await knownToken(trx, token, at);
        await trx.withTables<AccessTables>().deleteFrom('setup_tokens').execute();
        const user = await insertUser(trx, { name: shown, email, role: 'admin', passwordHash, at });
        if (!user) throw over();
        const after = { email: user.email, role: 'admin' };
        await audit(trx, { caller, verb: 'users.setup', target: user.id, after, at });
      });
    },

    /** Makes the administrator that the environment names. Runs at every start and changes nothing after the first. */
    async seedConfigured(config: { adminEmail?: string | undefined; adminPassword?: string | undefined }) {
      if (config.adminEmail === undefined || config.adminPassword === undefined) return;
      await seedAdmin(systemCaller('environment'), { email: config.adminEmail, password: config.adminPassword });
    },
  };
}

/** Ends the first run; false when somebody else has. The row is locked until the transaction ends. */
async function close(trx: Db, at: number): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .withTables<AccessTables>()
    .updateTable('setup')
    .set({ used_at: at })
    .where('used_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

async function knownToken(db: Db, token: string, now: number): Promise<void> {
  const row = await db
    .withTables<AccessTables>()
    .selectFrom('setup_tokens')
    .select('hash')
    .where('hash', '=', sha256(token))
    .where('expires_at', '>', now)
    .executeTakeFirst();
  if (!row)
    throw new HubError(
      'forbidden',
      'This link is not good, or older than a day. Start the hub again: it prints a new one.',
    );
}
