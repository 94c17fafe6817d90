import { type AutohealDeclaration, type ProjectDeclaration, parseDuration } from '@orrery/protocol';
import type { Clock } from '../platform/clock.ts';
import { type Db, inTransaction } from '../platform/db.ts';
import { defineJob, type JobDefinition } from '../platform/jobs.ts';
import type { Log } from '../platform/log.ts';
import type { Outbound } from '../platform/outbound.ts';
import { maskUrl } from '../platform/urls.ts';
import { withContainers } from './declare.ts';
import { watchEngine } from './watch.ts';

/** A container that is made anew is gone for a moment: one that was not seen for so long is no service any more. */
const GONE_MS = 10 * 60_000;
const RUN_MS = 10 * 60_000;

type Tables = { autoheal_containers: { project: string; engine: string; container: string; seen_at: number } };
type FileProject = { declaration: ProjectDeclaration; ref: string };

const engineOf = ({ url, socket }: AutohealDeclaration): string =>
  url === undefined ? (socket ?? '/var/run/docker.sock') : maskUrl(url, { everyValue: true });

/**
 * Auto-heal for containers inside the hub: what is found by label becomes services of the declared project, with the engine as their probe
 * and one policy, and goes the way of all services from there. One hub of several watches; what it finds stands in the database.
 */
export function createAutoheal(deps: {
  db: Db;
  clock: Clock;
  log: Log;
  outbound: Pick<Outbound, 'request'>;
  checkSoon(refs: readonly { project: string; service: string }[]): void;
  /** What is to be declared has changed. */
  changed(): Promise<void>;
}) {
  const { db, clock, log } = deps;
  let entries: readonly AutohealDeclaration[] = [];
  let reload = new AbortController();
  const tables = db.withTables<Tables>();

  const known = async (entry: AutohealDeclaration): Promise<string[]> =>
    (
      await tables
        .selectFrom('autoheal_containers')
        .select('container')
        .where('project', '=', entry.project)
        .where('engine', '=', engineOf(entry))
        .orderBy('container')
        .execute()
    ).map(({ container }) => container);

  async function found(entry: AutohealDeclaration, names: readonly string[]): Promise<void> {
    const before = await known(entry);
    const now = clock.now();
    const where = { project: entry.project, engine: engineOf(entry) };
    await inTransaction(db, async (trx) => {
      const t = trx.withTables<Tables>();
      for (const container of names)
        await t
          .insertInto('autoheal_containers')
          .values({ ...where, container, seen_at: now })
          .onConflict((oc) => oc.columns(['project', 'engine', 'container']).doUpdateSet({ seen_at: now }))
          .execute();
      await t
        .deleteFrom('autoheal_containers')
        .where('project', '=', where.project)
        .where('engine', '=', where.engine)
        .where('seen_at', '<', now - GONE_MS)
        .execute();
    });
    if (before.join(' ') !== (await known(entry)).join(' ')) await deps.changed();
  }

  const jobs: JobDefinition[] = [
    defineJob({
      name: 'autoheal.watch',
      agent: 'Repair',
      schedule: { everyMs: 5000 },
      timeoutMs: RUN_MS + 60_000,
      async run({ signal }) {
        const over = AbortSignal.any([signal, reload.signal, AbortSignal.timeout(RUN_MS)]);
        await Promise.all(
          entries.map((entry) =>
            watchEngine(
              entry,
              {
                ...deps,
                everyMs: parseDuration(entry.every) ?? 0,
                found: (names) => found(entry, names),
                look: (service) => deps.checkSoon([{ project: entry.project, service }]),
              },
              over,
            ),
          ),
        );
      },
    }),
  ];
  return {
    jobs,
    /** Takes up what the file declares. */
    sync(next: readonly AutohealDeclaration[]): void {
      if (JSON.stringify(next) === JSON.stringify(entries)) return;
      entries = next;
      reload.abort();
      reload = new AbortController();
      log.debug({ engines: next.length }, 'auto-heal watches these engines');
    },
    /** The file's projects with the containers that were found for them. */
    async extend(projects: readonly FileProject[]): Promise<FileProject[]> {
      const all = await Promise.all(entries.map(async (entry) => ({ entry, found: await known(entry) })));
      return projects.map(({ declaration, ref }) => {
        const mine = all.filter(({ entry }) => entry.project === declaration.slug);
        return { declaration: mine.length === 0 ? declaration : withContainers(declaration, mine), ref };
      });
    },
  };
}
