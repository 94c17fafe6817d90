import type { TenantDeclaration } from '@orrery/protocol';
import { inTransaction } from '../../platform/db.ts';
import type { AccessTables } from '../tables.ts';
import { stateOf } from './store.ts';
import type { TenantDeps } from './tenants.ts';

export type FileTenant = { declaration: TenantDeclaration; ref: string };

/**
 * Makes the stored file-declared tenants equal to those of the file. One that was made by hand becomes the file's; one that left the file is
 * gone, and whoever belongs to it sees nothing until it is declared again.
 */
export const createTenantSync =
  ({ db, clock, changed }: Pick<TenantDeps, 'db' | 'clock' | 'changed'>) =>
  async (tenants: readonly FileTenant[]): Promise<void> => {
    const at = clock.now();
    const different = await inTransaction(db, async (trx) => {
      const q = trx.withTables<AccessTables>();
      const rows = new Map((await q.selectFrom('tenants').selectAll().execute()).map((row) => [row.id, row]));
      let changes = 0;
      for (const { declaration, ref } of tenants) {
        const known = rows.get(declaration.id);
        rows.delete(declaration.id);
        const next = { ...stateOf(declaration), declared_source: 'file' as const, declared_ref: ref };
        if (known && Object.entries(next).every(([key, value]) => known[key as keyof typeof next] === value)) continue;
        changes++;
        await q
          .insertInto('tenants')
          .values({ ...next, created_at: at, updated_at: at })
          // Two hubs may start on one database at the same moment.
          .onConflict((oc) => oc.column('id').doUpdateSet({ ...next, updated_at: at }))
          .execute();
      }
      for (const row of rows.values()) {
        if (row.declared_source !== 'file') continue;
        changes++;
        await q.deleteFrom('tenants').where('id', '=', row.id).where('declared_source', '=', 'file').execute();
      }
      return changes;
    });
    if (different > 0) changed();
  };
