import type { Db } from './db.ts';

export type JobRow = {
  name: string;
  runs: number;
  failures: number;
  restarts: number;
  last_run_at: number | null;
  last_duration_ms: number | null;
  last_error: string | null;
  last_slot_at: number | null;
  holder: string | null;
  consecutive: number;
  next_run_at: number | null;
};
const EMPTY = {
  runs: 0,
  failures: 0,
  restarts: 0,
  last_run_at: null,
  last_duration_ms: null,
  last_error: null,
  last_slot_at: null,
  holder: null,
  consecutive: 0,
  next_run_at: null,
} as const;

/** What is stored of every job. */
export function createJobRows(db: Db) {
  const tables = db.withTables<{ jobs: JobRow }>();
  return {
    async all(): Promise<Map<string, JobRow>> {
      return new Map((await tables.selectFrom('jobs').selectAll().execute()).map((row) => [row.name, row]));
    },

    /** Stores what was done of several jobs at once: each write is waited for on the disk. */
    async save(rows: readonly Omit<JobRow, 'last_slot_at'>[]): Promise<void> {
      await tables
        .insertInto('jobs')
        .values(rows.map((row) => ({ ...row, last_slot_at: null })))
        .onConflict((oc) =>
          oc.column('name').doUpdateSet(({ ref }) => ({
            runs: ref('excluded.runs'),
            failures: ref('excluded.failures'),
            restarts: ref('excluded.restarts'),
            last_run_at: ref('excluded.last_run_at'),
            last_duration_ms: ref('excluded.last_duration_ms'),
            last_error: ref('excluded.last_error'),
            holder: ref('excluded.holder'),
            consecutive: ref('excluded.consecutive'),
            next_run_at: ref('excluded.next_run_at'),
          })),
        )
        .execute();
    },

    /** Adds what was done on one of several hubs to what all of them did. */
    async add(
      name: string,
      { runs, failures, ...newest }: Omit<JobRow, 'name' | 'last_slot_at' | 'restarts' | 'next_run_at'>,
    ): Promise<void> {
      await tables
        .insertInto('jobs')
        .values({ ...EMPTY, name, runs, failures, ...newest })
        .onConflict((oc) =>
          oc.column('name').doUpdateSet((eb) => ({
            runs: eb('jobs.runs', '+', runs),
            failures: eb('jobs.failures', '+', failures),
            ...newest,
          })),
        )
        .execute();
    },

    /** Claims one slot of a calendar schedule in SQL, so that it runs exactly once however many hubs and restarts there are. */
    async claimSlot(name: string, slot: number): Promise<boolean> {
      await tables
        .insertInto('jobs')
        .values({ name, ...EMPTY })
        .onConflict((oc) => oc.column('name').doNothing())
        .execute();
      const claimed = await tables
        .updateTable('jobs')
        .set({ last_slot_at: slot })
        .where('name', '=', name)
        .where((eb) => eb.or([eb('last_slot_at', 'is', null), eb('last_slot_at', '<', slot)]))
        .executeTakeFirst();
      return Number(claimed.numUpdatedRows) === 1;
    },
  };
}
