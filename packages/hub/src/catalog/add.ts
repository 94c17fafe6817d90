import type { FedProject, ProjectAdded, ProjectDeclaration, ProjectInput } from '@orrery/protocol';
import { authorizeWhole, type Caller } from '../access/index.ts';
import { inTransaction } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import { newSecret } from '../platform/ids.ts';
import { knownTenant } from './assign.ts';
import type { CatalogDeps } from './catalog.ts';
import { discover } from './discover.ts';
import { hashKey, shownDeclaration, shownVersion, toRow, toStored } from './store.ts';
import type { CatalogTables } from './tables.ts';
import { NO_FACTS, toFedProject } from './views.ts';

/** Adds a project by as little as its URL. A project without a key is given one, shown once. With `dryRun` nothing is stored. */
export function createAdd(deps: CatalogDeps, announce: () => void) {
  return async (
    caller: Caller,
    input: ProjectInput,
    options: { dryRun: boolean; source?: 'discovered' },
  ): Promise<ProjectAdded> => {
    authorizeWhole(caller, 'configure');
    if (input.tenant !== undefined) await knownTenant(deps, input.tenant, 'body.tenant');
    refusePolicies(input);
    const found = await discover(input, deps.outbound);
    const ingestKey = found.declaration.apiKey === undefined ? newSecret('orp') : undefined;
    // The key that the hub presents may be one that many instances share; the one that a project presents is its own.
    const declaration: ProjectDeclaration =
      ingestKey === undefined ? found.declaration : { ...found.declaration, apiKey: deps.defaultApiKey ?? ingestKey };
    const shown = shownDeclaration(declaration);
    const at = deps.clock.now();
    const row = {
      ...toRow(declaration, deps.secrets),
      ...(ingestKey === undefined ? {} : { ingest_key_hash: hashKey(ingestKey) }),
      declared_source: options.source ?? ('api' as const),
      declared_ref: caller.name,
      first_seen_at: null,
      last_seen_at: null,
      version: found.capabilities === null ? null : shownVersion(found.capabilities.version),
      capabilities: found.capabilities === null ? null : JSON.stringify(found.capabilities),
      created_at: at,
      updated_at: at,
    };
    const taken = (ref: string | null) =>
      new HubError(
        'conflict',
        `A project "${row.slug}" exists already${ref ? ` (declared in ${ref})` : ''}. Choose another slug, or change that one.`,
        { fields: [{ field: 'body.slug', reason: 'is taken' }] },
      );
    if (options.dryRun) {
      const known = await deps.db
        .withTables<CatalogTables>()
        .selectFrom('projects')
        .select('declared_ref')
        .where('slug', '=', row.slug)
        .executeTakeFirst();
      if (known) throw taken(known.declared_ref);
    } else {
      await inTransaction(deps.db, async (trx) => {
        const stored = await trx
          .withTables<CatalogTables>()
          .insertInto('projects')
          .values(row)
          .onConflict((oc) => oc.column('slug').doNothing())
          .executeTakeFirst();
        if (Number(stored.numInsertedOrUpdatedRows ?? 0) !== 1) throw taken(null);
        await deps.appendEvents(trx, [
          { at, type: 'project.added', project: row.slug, title: `${row.name} was added by ${caller.name}` },
        ]);
        await deps.audit(trx, { caller, verb: 'projects.add', target: row.slug, project: row.slug, after: shown, at });
      });
      announce();
    }
    const project: FedProject = toFedProject(toStored(row, deps.secrets), row, NO_FACTS, at, deps.offlineAfterMs());
    return {
      project,
      declaration: shown,
      discovered: found.discovered,
      warnings: found.warnings,
      dryRun: options.dryRun,
      ...(ingestKey !== undefined && !options.dryRun ? { ingestKey } : {}),
    };
  };
}

/** What acts on other machines is declared by whoever has the file, not by whoever has a key. */
function refusePolicies({ services = [] }: ProjectInput): void {
  const fields = services.flatMap(({ heal }, i) =>
    heal ? [{ field: `body.services[${i}].heal`, reason: 'can be declared in orrery.yaml only' }] : [],
  );
  const [first] = fields;
  if (first) throw new HubError('invalid', `${first.field} ${first.reason}`, { fields });
}
