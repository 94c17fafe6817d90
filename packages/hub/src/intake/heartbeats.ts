import { createHash } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { SERVER_TIME } from '../platform/leases.ts';
import type { Secrets } from '../platform/secrets.ts';
import type { Probe } from './compile.ts';
import type { Beat } from './probes/probe.ts';
import type { IntakeTables } from './tables.ts';

const digest = (token: string): string => createHash('sha256').update(token).digest('base64url');

/** The URLs of dead man's switches and the beats that came in through them. A token follows from the hub's key and the probe, and is kept nowhere. */
export function createHeartbeats(deps: {
  db: Db;
  clock: Clock;
  secrets: Secrets;
  publicUrl: string;
  /** Whether hubs with clocks of their own share the database: then beats have its time. */
  shared: boolean;
}) {
  const { db, clock } = deps;
  const time = (): number | RawBuilder<number> => (deps.shared ? SERVER_TIME : clock.now());
  const tables = db.withTables<IntakeTables>();
  const byDigest = new Map<string, Probe>();
  const tokens = new Map<string, string>();
  /** Beats as this hub's monotonic clock has them, so that a stepped wall clock makes no job late. */
  const waits = new Map<string, { since: number; waitSince: number; beats: number; lookedAt: number }>();

  const tokenOf = (probe: Probe): string => {
    const known = tokens.get(probe.id);
    if (known) return known;
    const [token = ''] = tokensOf(probe);
    tokens.set(probe.id, token);
    return token;
  };
  /** Those of master keys before the one of now count too: the jobs that hold them learn of a new URL later. */
  const tokensOf = (probe: Probe): string[] =>
    deps.secrets.deriveAll(`heartbeat:${probe.id}`).map((bytes) => `hb_${bytes.subarray(0, 21).toString('base64url')}`);

  return {
    urlOf: (probe: Probe): string => `${deps.publicUrl}/api/heartbeat/${tokenOf(probe)}`,

    sync(probes: readonly Probe[]): void {
      byDigest.clear();
      for (const probe of probes)
        if (probe.kind === 'heartbeat') for (const token of tokensOf(probe)) byDigest.set(digest(token), probe);
      const ids = new Set(probes.map(({ id }) => id));
      for (const kept of [tokens, waits]) for (const id of kept.keys()) if (!ids.has(id)) kept.delete(id);
    },

    /** The wait for the first beat begins when the switch is first seen. */
    async begin(probes: readonly Probe[]): Promise<void> {
      const rows = probes
        .filter((probe) => probe.kind === 'heartbeat')
        .map(({ id }) => ({ id, first_at: time(), last_at: null, failed: 0, beats: 0 }));
      for (let from = 0; from < rows.length; from += 500)
        await tables
          .insertInto('heartbeats')
          .values(rows.slice(from, from + 500))
          .onConflict((conflict) => conflict.column('id').doNothing())
          .execute();
    },

    /** Stores a beat; the probe it belongs to, or undefined for a token that nobody has. */
    async beat(token: string, failed: boolean): Promise<Probe | undefined> {
      const probe = byDigest.get(digest(token));
      if (!probe) return undefined;
      const now = time();
      await tables
        .insertInto('heartbeats')
        .values({ id: probe.id, first_at: now, last_at: now, failed: failed ? 1 : 0, beats: 1 })
        .onConflict((conflict) =>
          conflict.column('id').doUpdateSet((eb) => ({
            last_at: now,
            failed: failed ? 1 : 0,
            beats: eb('heartbeats.beats', '+', 1),
          })),
        )
        .execute();
      return probe;
    },

    /** The newest beat of a probe, whichever hub took it. One that was not there at the look before came after it, whatever that hub's clock says. */
    async newest(id: string): Promise<Beat> {
      const row = await tables
        .selectFrom('heartbeats')
        .selectAll()
        .select(sql<number>`${time()}`.as('now'))
        .where('id', '=', id)
        .executeTakeFirst();
      const [now, beats] = [clock.monotonic(), row?.beats ?? 0];
      const since = row?.last_at ?? row?.first_at ?? 0;
      const known = waits.get(id);
      let waitSince = known?.waitSince ?? 0;
      if (known?.since !== since) {
        waitSince = now - (row ? Math.max(0, Number(row.now) - since) : 0);
        if (known && known.beats < beats) waitSince = Math.max(waitSince, known.lookedAt);
      }
      waits.set(id, { since, waitSince, beats, lookedAt: now });
      return { agoMs: now - waitSince, beats, failed: row?.failed === 1 };
    },
  };
}
