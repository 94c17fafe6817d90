import { RoleName } from '@orrery/protocol';
import type { Db } from '../platform/db.ts';
import type { Caller } from './caller.ts';
import type { AccessTables } from './tables.ts';

/** What a caller came in with and can lose: a session or a key, with the role it had then, or a token, which ends by itself. */
export type Credential = { kind: 'session' | 'key' | 'token'; id: string; role: string; expiresAt: number };
/** A caller, and the credential when it is one that can be taken away. */
export type Known = { caller: Caller; credential?: Credential };

const CHUNK = 500;

/** Those of the credentials that no longer hold: gone, revoked, expired, or of another role. */
export async function lost(db: Db, now: number, credentials: readonly Credential[]): Promise<Set<Credential>> {
  const q = db.withTables<AccessTables>();
  const roles = new Map<string, string>();
  const ids = (kind: Credential['kind']) => [...new Set(credentials.filter((c) => c.kind === kind).map((c) => c.id))];
  for (const part of chunks(ids('session'))) {
    const rows = await q
      .selectFrom('sessions')
      .innerJoin('users', 'users.id', 'sessions.user_id')
      .select(['sessions.id', 'users.role', 'sessions.expires_at'])
      .where('sessions.id', 'in', part)
      .execute();
    for (const row of rows) if (Date.parse(row.expires_at) > now) roles.set(`session ${row.id}`, row.role);
  }
  for (const part of chunks(ids('key'))) {
    const rows = await q
      .selectFrom('api_keys')
      .select(['id', 'role', 'expires_at'])
      .where('id', 'in', part)
      .where('revoked_at', 'is', null)
      .execute();
    for (const row of rows) if ((row.expires_at ?? Infinity) > now) roles.set(`key ${row.id}`, row.role);
  }
  const holds = (c: Credential) => (c.kind === 'token' ? c.expiresAt > now : roles.get(`${c.kind} ${c.id}`) === c.role);
  return new Set(credentials.filter((c) => !holds(c)));
}

function chunks<T>(list: T[]): T[][] {
  const parts: T[][] = [];
  for (let at = 0; at < list.length; at += CHUNK) parts.push(list.slice(at, at + CHUNK));
  return parts;
}

/** The role of a stored row; a value that is no role gets the least one. */
export const storedRole = (value: unknown) => RoleName.catch('viewer').parse(value);
