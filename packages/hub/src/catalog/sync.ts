import type { NewEvent } from '../events/index.ts';
import { inTransaction } from '../platform/db.ts';
import { troubleOf } from './broken.ts';
import type { CatalogDeps, FileProject } from './catalog.ts';
import { forgetEdges } from './edges/edges.ts';
import { hashKey, openApiKey, openDeclaration, toRow } from './store.ts';
import type { CatalogTables } from './tables.ts';

/** Makes the stored file-declared projects equal to those of the file. A slug that was added by hand becomes the file's; one that left the file is removed. */
export function createSync(deps: CatalogDeps, announce: () => void) {
  return async (
    projects: readonly FileProject[],
  ): Promise<{ added: string[]; changed: string[]; removed: string[] }> => {
    const added: string[] = [];
    const changed: string[] = [];
    const removed: string[] = [];
    const at = deps.clock.now();
    await inTransaction(deps.db, async (trx) => {
      added.length = changed.length = removed.length = 0;
      const tables = trx.withTables<CatalogTables>();
      const rows = new Map((await tables.selectFrom('projects').selectAll().execute()).map((row) => [row.slug, row]));
      const events: NewEvent[] = [];
      for (const { declaration, ref } of projects) {
        const known = rows.get(declaration.slug);
        const next = {
          ...toRow(declaration, deps.secrets),
          declared_source: 'file' as const,
          declared_ref: ref,
          updated_at: at,
        };
        if (!known) {
          const inserted = await tables
            .insertInto('projects')
            .values({
              ...next,
              first_seen_at: null,
              last_seen_at: null,
              version: null,
              capabilities: null,
              created_at: at,
            })
            // Two hubs may start on one database at the same moment: the faster one has added it.
            .onConflict((oc) => oc.column('slug').doNothing())
            .executeTakeFirst();
          if (Number(inserted.numInsertedOrUpdatedRows ?? 0) === 0) continue;
          added.push(declaration.slug);
          events.push({
            at,
            type: 'project.added',
            project: declaration.slug,
            title: `${declaration.name} was declared in ${ref}`,
          });
          continue;
        }
        // What cannot be read is written anew.
        const readable = troubleOf(known, deps.secrets) === undefined;
        const sameKey =
          readable &&
          (declaration.apiKey === undefined ? null : hashKey(declaration.apiKey)) === known.ingest_key_hash &&
          openApiKey(known, deps.secrets) === declaration.apiKey;
        const same =
          readable &&
          known.declared_source === 'file' &&
          openDeclaration(known, deps.secrets) === openDeclaration(next, deps.secrets) &&
          sameKey;
        if (same && known.declared_ref === ref) continue;
        await tables.updateTable('projects').set(next).where('slug', '=', declaration.slug).execute();
        if (!same) {
          changed.push(declaration.slug);
          events.push({
            at,
            type: 'project.changed',
            project: declaration.slug,
            title: `${declaration.name} changed in ${ref}`,
          });
        }
      }
      const declared = new Set(projects.map((p) => p.declaration.slug));
      for (const row of rows.values()) {
        if (row.declared_source !== 'file' || declared.has(row.slug)) continue;
        await tables.deleteFrom('projects').where('slug', '=', row.slug).execute();
        removed.push(row.slug);
        events.push({ at, type: 'project.removed', project: row.slug, title: `${row.name} is no longer declared` });
      }
      await forgetEdges(trx, removed);
      if (events.length > 0) await deps.appendEvents(trx, events);
    });
    if (added.length + changed.length + removed.length > 0) announce();
    return { added, changed, removed };
  };
}
