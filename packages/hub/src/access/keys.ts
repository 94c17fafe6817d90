import { randomBytes } from 'node:crypto';
import { KeyInput, type KeyView, Slug } from '@orrery/protocol';
import { z } from 'zod';
import { type Clock, iso } from '../platform/clock.ts';
import { type Db, inTransaction } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import { audit } from './audit.ts';
import { authorize, mayGrant } from './authorize.ts';
import type { Caller } from './caller.ts';
import { projectsOf, storedRole } from './credential.ts';
import { sha256 } from './digest.ts';
import { sees, seesTenant, visibleProjects } from './scope.ts';
import type { AccessTables, KeyRow } from './tables.ts';
import { plainText } from './text.ts';
import { knownTenant } from './users.ts';
import { wrongField } from './ways.ts';

const DAY_MS = 86_400_000;
const Projects = z.array(Slug).max(200);

const view = (row: KeyRow): KeyView => ({
  id: row.id,
  name: row.name,
  prefix: `orr_${row.id}`,
  role: storedRole(row.role),
  projects: projectsOf(row),
  tenant: row.tenant,
  createdAt: iso(row.created_at),
  createdBy: row.created_by,
  ...(row.expires_at === null ? {} : { expiresAt: iso(row.expires_at) }),
  ...(row.last_used_at === null ? {} : { lastUsedAt: iso(row.last_used_at) }),
  ...(row.revoked_at === null ? {} : { revokedAt: iso(row.revoked_at) }),
  ...(row.rotated_at === null ? {} : { rotatedAt: iso(row.rotated_at) }),
  ...(row.previous_until === null ? {} : { previousUntil: iso(row.previous_until) }),
});

/** Whether everything the key sees is seen by the caller too: a tenant's keys are its own people's and the staff's. */
function within(caller: Caller, { tenant, ...row }: Pick<KeyRow, 'projects' | 'tenant'>): boolean {
  if (!seesTenant(caller, tenant)) return false;
  const projects = projectsOf(row);
  // A tenant's key that names no projects sees what the tenant sees, and so does its caller, unless that is a limited key itself.
  if (projects === 'all') return caller.projects === 'all' || (tenant !== null && caller.limited !== true);
  return projects.every((slug) => sees(caller, slug));
}

/** API keys: made once, shown once, kept as a digest. `changed` is called after a revocation is committed. */
export function createKeys({ db, clock, changed }: { db: Db; clock: Clock; changed: () => void }) {
  return {
    /** Makes a key that can do and see at most what its maker can; the answer is the only one that holds it. */
    async createKey(caller: Caller, input: KeyInput): Promise<KeyView & { key: string }> {
      authorize(caller, 'configure');
      const { role, expiresInDays, tenant = caller.tenant, ...rest } = KeyInput.parse(input);
      // One answer for a tenant of others and for none: nobody learns which there are.
      if (!seesTenant(caller, tenant) && tenant !== caller.tenant)
        throw wrongField('tenant', 'is no tenant of this hub');
      const name = plainText(rest.name, 'name');
      const slugs = rest.projects && parseProjects(rest.projects);
      const hidden = slugs?.find((slug) => !sees(caller, slug));
      if (hidden !== undefined) throw new HubError('not_found', `No project "${hidden}".`);
      const whole = caller.projects === 'all' || (caller.tenant !== null && caller.limited !== true);
      const projects = slugs ?? (whole ? 'all' : visibleProjects(caller));
      if (!mayGrant(caller, role)) throw new HubError('forbidden', 'A key can do at most what its maker can.');
      const at = clock.now();
      const secret = randomBytes(32).toString('base64url');
      const row: KeyRow = {
        id: randomBytes(8).toString('hex'),
        name,
        hash: sha256(secret),
        role,
        projects: projects === 'all' ? null : JSON.stringify(projects),
        tenant,
        created_at: at,
        created_by: caller.name,
        expires_at: expiresInDays === undefined ? null : at + expiresInDays * DAY_MS,
        last_used_at: null,
        revoked_at: null,
        previous_hash: null,
        previous_until: null,
        rotated_at: null,
      };
      const made = view(row);
      await inTransaction(db, async (trx) => {
        if (tenant !== caller.tenant) await knownTenant(trx, tenant);
        await trx.withTables<AccessTables>().insertInto('api_keys').values(row).execute();
        await audit(trx, { caller, verb: 'keys.create', target: row.id, after: made, at });
      });
      return { ...made, key: `orr_${row.id}_${secret}` };
    },

    /** The keys that lie within what the caller sees, newest first. */
    async listKeys(caller: Caller): Promise<{ items: KeyView[] }> {
      authorize(caller, 'configure');
      const rows = await db
        .withTables<AccessTables>()
        .selectFrom('api_keys')
        .selectAll()
        .orderBy('created_at', 'desc')
        .orderBy('id')
        .execute();
      return { items: rows.filter((row) => within(caller, row)).map(view) };
    },

    /**
     * Gives a key a new secret; the answer is the only one that holds it. The secret before counts until the overlap is over, never longer
     * than the key itself, and the one before that not at all. Nobody hands out a key that may do more than they may.
     */
    async rotateKey(caller: Caller, id: string, overlapMs: number): Promise<KeyView & { key: string }> {
      authorize(caller, 'configure');
      const at = clock.now();
      const secret = randomBytes(32).toString('base64url');
      const rotated = await inTransaction(db, async (trx) => {
        const q = trx.withTables<AccessTables>();
        const row = await q
          .selectFrom('api_keys')
          .selectAll()
          .where('id', '=', /^[0-9a-f]{16}$/.test(id) ? id : '')
          .executeTakeFirst();
        if (!row || !within(caller, row)) throw new HubError('not_found', 'No such key.');
        if (!mayGrant(caller, storedRole(row.role)))
          throw new HubError('forbidden', 'This key can do more than you can.');
        // What was stated of the secret before holds: another rotation must not cut it short unasked.
        if (overlapMs > 0 && (row.previous_until ?? 0) > at)
          throw new HubError(
            'conflict',
            'The secret before the last rotation still counts; wait, or rotate with an overlap of 0 to end both.',
          );
        const over = row.revoked_at !== null || (row.expires_at ?? Infinity) <= at;
        // The digest that was read must still be there: of two rotations at once one wins.
        const changedRow = over
          ? undefined
          : await q
              .updateTable('api_keys')
              .set({
                hash: sha256(secret),
                previous_hash: overlapMs > 0 ? row.hash : null,
                previous_until: overlapMs > 0 ? at + overlapMs : null,
                rotated_at: at,
              })
              .where('id', '=', id)
              .where('hash', '=', row.hash)
              .where('revoked_at', 'is', null)
              .returningAll()
              .executeTakeFirst();
        if (!changedRow)
          throw new HubError('conflict', 'This key has ended, or was rotated by somebody else just now.');
        await audit(trx, { caller, verb: 'keys.rotate', target: id, before: view(row), after: view(changedRow), at });
        return view(changedRow);
      });
      changed();
      return { ...rotated, key: `orr_${id}_${secret}` };
    },

    /** Ends a key at once; throws not_found for one the caller does not see, conflict for one that has ended already. */
    async revokeKey(caller: Caller, id: string): Promise<KeyView> {
      authorize(caller, 'configure');
      const at = clock.now();
      const revoked = await inTransaction(db, async (trx) => {
        const q = trx.withTables<AccessTables>();
        const row = await q
          .selectFrom('api_keys')
          .selectAll()
          .where('id', '=', /^[0-9a-f]{16}$/.test(id) ? id : '')
          .executeTakeFirst();
        if (!row || !within(caller, row)) throw new HubError('not_found', 'No such key.');
        const ended = await q
          .updateTable('api_keys')
          .set({ revoked_at: at })
          .where('id', '=', id)
          .where('revoked_at', 'is', null)
          .returningAll()
          .executeTakeFirst();
        if (!ended) throw new HubError('conflict', 'This key has been revoked already.');
        await audit(trx, { caller, verb: 'keys.revoke', target: id, before: view(row), after: view(ended), at });
        return view(ended);
      });
      changed();
      return revoked;
    },
  };
}

function parseProjects(projects: string[]): string[] {
  const parsed = Projects.safeParse(projects);
  if (parsed.success) return [...new Set(parsed.data)];
  const fields = parsed.error.issues.map((i) => ({ field: ['projects', ...i.path].join('.'), reason: i.message }));
  throw new HubError('invalid', fields.map((f) => `${f.field}: ${f.reason}`).join('; '), { fields });
}
