import { ProjectDeclaration } from '@orrery/protocol';
import { authorize, type Caller } from '../access/index.ts';
import { inTransaction } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import { troubleOf } from './broken.ts';
import type { CatalogDeps } from './catalog.ts';
import { forgetEdges } from './edges/edges.ts';
import { openDeclaration, shownDeclaration } from './store.ts';
import type { CatalogTables } from './tables.ts';

/** Removes a project that was added here; what a file declares is removed there. Its samples and events stay until they expire. */
export function createRemove(deps: CatalogDeps, announce: () => void) {
  return async (caller: Caller, slug: string): Promise<void> => {
    authorize(caller, 'configure', slug);
    const at = deps.clock.now();
    await inTransaction(deps.db, async (trx) => {
      const tables = trx.withTables<CatalogTables>();
      const row = await tables.selectFrom('projects').selectAll().where('slug', '=', slug).executeTakeFirst();
      if (!row) throw new HubError('not_found', `No project "${slug}".`);
      if (row.declared_source === 'file')
        throw new HubError(
          'conflict',
          `"${slug}" is declared in ${row.declared_ref ?? 'the configuration file'}; remove it there and the hub follows.`,
        );
      const gone = await tables
        .deleteFrom('projects')
        .where('slug', '=', slug)
        .where('declared_source', '!=', 'file')
        .executeTakeFirst();
      if (Number(gone.numDeletedRows) !== 1) throw new HubError('not_found', `No project "${slug}".`);
      await forgetEdges(trx, [slug]);
      await deps.appendEvents(trx, [
        { at, type: 'project.removed', project: slug, title: `${row.name} was removed by ${caller.name}` },
      ]);
      await deps.audit(trx, {
        caller,
        verb: 'projects.remove',
        target: slug,
        project: slug,
        before:
          troubleOf(row, deps.secrets) === undefined
            ? shownDeclaration(ProjectDeclaration.parse(JSON.parse(openDeclaration(row, deps.secrets))))
            : { name: row.name, readable: false },
        at,
      });
    });
    announce();
  };
}
