import { createHash } from 'node:crypto';
import { permissionsOf } from '@orrery/protocol';
import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import type { Asking } from '../platform/http/seen.ts';
import type { Log } from '../platform/log.ts';
import { type Caller, projectCaller } from './caller.ts';
import { type Known, projectsOf, storedRole } from './credential.ts';
import { sameText, sha256 } from './digest.ts';
import { LONGEST_TOKEN, looksLikeToken } from './oidc/index.ts';
import type { Rights } from './rights.ts';
import type { AccessTables, KeyRow } from './tables.ts';

const USED_EVERY_MS = 60_000;
const OUR_KEY = /^orr_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;
/** What a project's key may consist of; anything else is refused before it gets near the database. */
const PROJECT_KEY = /^[A-Za-z0-9._~+/=-]{16,256}$/;
const LONGEST = 512;
/** Above it a header is cut, so that what is too long is refused without being read whole. */
const LONGEST_HEADER = LONGEST_TOKEN + 16;

const staff = { projects: 'all', tenant: null } as const;
const META: Caller = { kind: 'meta', id: 'meta', name: 'meta key', permissions: new Set(['ops:view']), ...staff };
const CRON: Caller = { kind: 'cron', id: 'cron', name: 'scheduler', permissions: new Set(), ...staff };
const LOCAL: Caller = {
  kind: 'local',
  id: 'local',
  name: 'command line',
  role: 'admin',
  permissions: permissionsOf('admin'),
  ...staff,
};

const refused = () => new HubError('unauthorized', 'The key is not good: unknown, expired or revoked.');

/** The one credential that a request presents in a header; throws for two that differ and for another scheme than Bearer. */
export function presented(request: Asking): { token: string; bearer: boolean } | undefined {
  const authorization = request.headers.get('authorization');
  const apiKey = request.headers.get('x-api-key');
  if (authorization === null) return apiKey === null ? undefined : { token: apiKey, bearer: false };
  const token = /^Bearer +(\S+)$/i.exec(authorization.slice(0, LONGEST_HEADER))?.[1];
  if (token === undefined || (apiKey !== null && apiKey !== token)) throw refused();
  return { token, bearer: true };
}

/** Finds out whose key it is: the scheduler's, the meta key, this process's own, one of ours, a project's. Throws unauthorized. */
export function createKeyResolver(deps: {
  db: Db;
  clock: Clock;
  log: Log;
  metaKey?: string | undefined;
  cronSecret?: string | undefined;
  localKey: string;
  rights: Rights;
  /** The slug whose ingest key this is. */
  projectByIngestKey(key: string): Promise<string | undefined>;
  /** Whoever a signed token of the identity provider speaks of; undefined when it is not good. */
  byToken(token: string): Promise<Known | undefined>;
}) {
  const q = deps.db.withTables<AccessTables>();
  const writing = new Set<Promise<unknown>>();
  const is = (token: string, secret: string | undefined) => secret !== undefined && sameText(token, secret);

  /** Written at most once a minute for a key, and never waited for: reading stays cheap. */
  function used(row: KeyRow, now: number): void {
    if (row.last_used_at !== null && row.last_used_at > now - USED_EVERY_MS) return;
    const write = q
      .updateTable('api_keys')
      .set({ last_used_at: now })
      .where('id', '=', row.id)
      .where((eb) => eb.or([eb('last_used_at', 'is', null), eb('last_used_at', '<=', now - USED_EVERY_MS)]))
      .execute()
      .catch((error: unknown) => deps.log.warn({ err: error }, 'the last use of a key could not be written'))
      .finally(() => writing.delete(write));
    writing.add(write);
  }

  async function ourKey(id: string, secret: string): Promise<Known> {
    const row = await q.selectFrom('api_keys').selectAll().where('id', '=', id).executeTakeFirst();
    const digest = sha256(secret);
    const now = deps.clock.now();
    const matches = sameText(digest, row?.hash ?? sha256(digest));
    // The secret before a rotation counts until its stated time.
    const before = sameText(digest, row?.previous_hash ?? sha256(digest)) && (row?.previous_until ?? 0) > now;
    if (!row || !(matches || before) || row.revoked_at !== null || (row.expires_at ?? Infinity) <= now) throw refused();
    used(row, now);
    const { caller, rights } = await deps.rights.callerOf({
      kind: 'key',
      id: row.id,
      name: row.name,
      roles: [storedRole(row.role)],
      tenant: row.tenant,
      projects: projectsOf(row),
    });
    const expiresAt = Math.min(row.expires_at ?? Infinity, matches ? Infinity : (row.previous_until ?? 0));
    return { caller, credential: { kind: 'key', id: row.id, rights, expiresAt } };
  }

  return {
    async find(token: string, bearer: boolean): Promise<Known> {
      if (bearer && looksLikeToken(token)) {
        const known = await deps.byToken(token);
        if (known === undefined) throw refused();
        return known;
      }
      if (token.length > LONGEST) throw refused();
      if (bearer && is(token, deps.cronSecret)) return { caller: CRON };
      if (is(token, deps.metaKey)) return { caller: META };
      if (is(token, deps.localKey)) return { caller: LOCAL };
      const [, id, secret] = OUR_KEY.exec(token) ?? [];
      if (id !== undefined && secret !== undefined) return ourKey(id, secret);
      const slug = PROJECT_KEY.test(token) ? await deps.projectByIngestKey(token) : undefined;
      if (slug === undefined) throw refused();
      return { caller: projectCaller(slug) };
    },
    /** Waits for the writes that nobody waited for. */
    close: async (): Promise<void> => void (await Promise.all(writing)),
  };
}

/** A cache must not hold keys themselves. */
export const cacheKey = (kind: string, token: string): string =>
  `${kind} ${createHash('sha256').update(token).digest('base64url')}`;
