import type { Db } from '../../platform/db.ts';
import { HubError } from '../../platform/errors.ts';
import type { Counts } from './counts.ts';
import type { SourceRow, TemplateRow, TemplateTables } from './tables.ts';

/** A template as the miner keeps it; times are epoch ms of the hub's clock. */
export type Known = {
  id: string;
  project: string;
  service: string;
  words: readonly string[];
  level: number;
  example: string;
  firstAt: number;
  lastAt: number;
  total: number;
  counts: Counts;
};

const CHUNK = 100;

export const toKnown = (row: TemplateRow): Known => ({
  id: row.id,
  project: row.project,
  service: row.service,
  words: row.template.split(' '),
  level: row.level,
  example: row.example,
  firstAt: row.first_at,
  lastAt: row.last_at,
  total: row.total,
  counts: JSON.parse(row.counts),
});

export async function lastMinedLine(db: Db): Promise<number> {
  const row = await db.withTables<TemplateTables>().selectFrom('log_mining').select('last_line').executeTakeFirst();
  return row?.last_line ?? 0;
}

/** Everything that was mined, by source. */
export async function loadSources(db: Db): Promise<{
  lastLine: number;
  sources: (SourceRow & { templates: Known[] })[];
}> {
  const tables = db.withTables<TemplateTables>();
  const lastLine = await lastMinedLine(db);
  const templates = Map.groupBy(
    (await tables.selectFrom('log_templates').selectAll().execute()).map(toKnown),
    ({ project, service }) => `${project}/${service}`,
  );
  const sources = await tables.selectFrom('log_sources').selectAll().execute();
  return {
    lastLine,
    sources: sources.map((row) => ({ ...row, templates: templates.get(`${row.project}/${row.service}`) ?? [] })),
  };
}

export type Mined = {
  /** The number of the last line before this turn, and of the last line of it. */
  from: number;
  to: number;
  templates: readonly Known[];
  gone: readonly string[];
  sources: readonly SourceRow[];
};

/** Writes one turn; throws when another hub has mined the same lines meanwhile. */
export async function saveMined(trx: Db, mined: Mined): Promise<void> {
  const tables = trx.withTables<TemplateTables>();
  const moved = await tables
    .updateTable('log_mining')
    .set({ last_line: mined.to })
    .where('last_line', '=', mined.from)
    .executeTakeFirst();
  if (Number(moved.numUpdatedRows) !== 1) throw new HubError('conflict', 'Another hub has mined these lines.');
  for (let i = 0; i < mined.templates.length; i += CHUNK)
    await tables
      .insertInto('log_templates')
      .values(mined.templates.slice(i, i + CHUNK).map(toRow))
      .onConflict((oc) =>
        oc.column('id').doUpdateSet(({ ref }) => ({
          template: ref('excluded.template'),
          level: ref('excluded.level'),
          example: ref('excluded.example'),
          last_at: ref('excluded.last_at'),
          total: ref('excluded.total'),
          counts: ref('excluded.counts'),
        })),
      )
      .execute();
  for (let i = 0; i < mined.gone.length; i += CHUNK)
    await tables
      .deleteFrom('log_templates')
      .where('id', 'in', mined.gone.slice(i, i + CHUNK))
      .execute();
  for (let i = 0; i < mined.sources.length; i += CHUNK)
    await tables
      .insertInto('log_sources')
      .values(mined.sources.slice(i, i + CHUNK).map((source) => ({ ...source })))
      .onConflict((oc) =>
        oc.columns(['project', 'service']).doUpdateSet(({ ref }) => ({ lines: ref('excluded.lines') })),
      )
      .execute();
}

const toRow = (known: Known): TemplateRow => ({
  id: known.id,
  project: known.project,
  service: known.service,
  template: known.words.join(' '),
  level: known.level,
  example: known.example,
  first_at: known.firstAt,
  last_at: known.lastAt,
  total: known.total,
  counts: JSON.stringify(known.counts),
});

/** Templates of these projects (of all when absent) that had a line since `since`, and the logs that they are from. */
export async function loadTemplates(
  db: Db,
  { projects, since }: { projects?: readonly string[] | undefined; since: number },
): Promise<{ templates: Known[]; sources: SourceRow[] }> {
  if (projects?.length === 0) return { templates: [], sources: [] };
  const tables = db.withTables<TemplateTables>();
  let templates = tables.selectFrom('log_templates').selectAll().where('last_at', '>=', since);
  let sources = tables.selectFrom('log_sources').selectAll();
  if (projects) {
    templates = templates.where('project', 'in', projects);
    sources = sources.where('project', 'in', projects);
  }
  return { templates: (await templates.execute()).map(toKnown), sources: await sources.execute() };
}

const KEPT_MS = 30 * 86_400_000;

/** Forgets templates without a line for 30 days, and everything of projects that are gone. */
export async function expireTemplates(db: Db, now: number, watched: readonly string[]): Promise<void> {
  const tables = db.withTables<TemplateTables>();
  await tables
    .deleteFrom('log_templates')
    .where('last_at', '<', now - KEPT_MS)
    .execute();
  for (const name of ['log_templates', 'log_sources'] as const) {
    const known = await tables.selectFrom(name).select('project').distinct().execute();
    const gone = known.map(({ project }) => project).filter((project) => !watched.includes(project));
    for (let i = 0; i < gone.length; i += CHUNK)
      await tables
        .deleteFrom(name)
        .where('project', 'in', gone.slice(i, i + CHUNK))
        .execute();
  }
}
