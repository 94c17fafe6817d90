import type { Clock } from '../../platform/clock.ts';
import type { Db } from '../../platform/db.ts';
import type { Log } from '../../platform/log.ts';
import type { AiTables } from '../tables.ts';
import type { Book } from './book.ts';

/**
 * Which keys are left alone, told between hubs on one database: what one learns the hard way the others need not. Told and read apart
 * from calls, which never wait for it.
 */
export function shareRests(deps: { db: Db; clock: Clock; log: Log; book: () => Book; hub: string }) {
  const q = deps.db.withTables<AiTables>();
  const waiting = new Map<string, { provider: string; key_id: string; until: number }>();
  let writing: Promise<void> | undefined;

  async function write(): Promise<void> {
    for (const [id, row] of waiting) {
      waiting.delete(id);
      const values = { ...row, hub: deps.hub, at: deps.clock.now() };
      await q
        .insertInto('ai_rests')
        .values(values)
        .onConflict((oc) => oc.columns(['provider', 'key_id']).doUpdateSet(values))
        .execute();
    }
  }

  return {
    tell(provider: string, keyId: string, until: number): void {
      waiting.set(`${provider} ${keyId}`, { provider, key_id: keyId, until: Math.round(until) });
      writing ??= write()
        .catch((error: unknown) => deps.log.warn({ err: error }, 'what rests could not be told to other hubs'))
        .finally(() => {
          writing = undefined;
        });
    },
    /** What other hubs told. */
    async read(): Promise<void> {
      const rows = await q
        .selectFrom('ai_rests')
        .selectAll()
        .where('until', '>', deps.clock.now())
        .where('hub', '!=', deps.hub)
        .execute();
      for (const { provider, key_id: id, until } of rows)
        deps
          .book()
          .find(provider)
          ?.keys.find((key) => key.id === id)
          ?.rest(until);
    },
    settled: async (): Promise<void> => writing,
  };
}
