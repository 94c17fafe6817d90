import { RoleName } from '@orrery/protocol';
import { z } from 'zod';
import type { Db } from '../platform/db.ts';
import type { Caller } from './caller.ts';
import type { Rights, Standing } from './rights.ts';
import type { AccessTables, KeyRow } from './tables.ts';

/**
 * What a caller came in with and can lose: a session, a key or a token, with the rights it had then. A token ends by itself; what its rights
 * follow from stands in it, and so beside it here.
 */
export type Credential = { id: string; rights: string; expiresAt: number } & (
  | { kind: 'session' | 'key' }
  | { kind: 'token'; standing: Standing }
);
/** A caller, and the credential when it is one that can be taken away. */
export type Known = { caller: Caller; credential?: Credential };

const CHUNK = 500;

/** Those of the credentials that no longer hold: gone, revoked, expired, or of other rights: another role, tenant, project or feature. */
export async function lost(
  db: Db,
  now: number,
  credentials: readonly Credential[],
  rights: Rights,
): Promise<Set<Credential>> {
  const q = db.withTables<AccessTables>();
  const read = rights.reader();
  const held = new Map<string, string>();
  const ids = (kind: Credential['kind']) => [...new Set(credentials.filter((c) => c.kind === kind).map((c) => c.id))];
  for (const part of chunks(ids('session'))) {
    const rows = await q
      .selectFrom('sessions')
      .innerJoin('users', 'users.id', 'sessions.user_id')
      .select(['sessions.id', 'users.role', 'users.tenant', 'sessions.expires_at'])
      .where('sessions.id', 'in', part)
      .execute();
    for (const row of rows)
      if (Date.parse(row.expires_at) > now)
        held.set(`session ${row.id}`, await read({ ...standingOf(row), projects: 'all' }));
  }
  for (const part of chunks(ids('key'))) {
    const rows = await q
      .selectFrom('api_keys')
      .select(['id', 'role', 'tenant', 'projects', 'expires_at'])
      .where('id', 'in', part)
      .where('revoked_at', 'is', null)
      .execute();
    for (const row of rows)
      if ((row.expires_at ?? Infinity) > now)
        held.set(`key ${row.id}`, await read({ ...standingOf(row), projects: projectsOf(row) }));
  }
  const holds = async (c: Credential) =>
    c.kind === 'token'
      ? c.expiresAt > now && (await read(c.standing)) === c.rights
      : held.get(`${c.kind} ${c.id}`) === c.rights;
  const verdicts = await Promise.all(credentials.map(holds));
  return new Set(credentials.filter((_, i) => !verdicts[i]));
}

function chunks<T>(list: T[]): T[][] {
  const parts: T[][] = [];
  for (let at = 0; at < list.length; at += CHUNK) parts.push(list.slice(at, at + CHUNK));
  return parts;
}

/** The role of a stored row; a value that is no role gets the least one. */
export const storedRole = (value: unknown) => RoleName.catch('viewer').parse(value);

const standingOf = (row: { role: string; tenant: string | null }) => ({
  roles: [storedRole(row.role)],
  tenant: row.tenant,
});

/** The slugs that a key is limited to. */
export const projectsOf = (row: Pick<KeyRow, 'projects'>): 'all' | string[] =>
  row.projects === null ? 'all' : z.array(z.string()).parse(JSON.parse(row.projects));
