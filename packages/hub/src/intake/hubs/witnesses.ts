import { setTimeout as pause } from 'node:timers/promises';
import type { ServiceStatus } from '@orrery/protocol';
import type { Db } from '../../platform/db.ts';
import type { Log } from '../../platform/log.ts';
import type { Probe } from '../compile.ts';
import type { Verdict } from '../record.ts';
import type { Hubs } from './hubs.ts';
import { decide } from './quorum.ts';
import { rank } from './rendezvous.ts';
import { castVote, freshVotes } from './votes.ts';

const LOOK_AGAIN_MS = 100;
/** Witnesses look at the same moment; their word on this round is waited for so long, and for half an interval at most. */
const PATIENCE_MS = 1500;

/** Lets several hubs see a probe together: witnesses write down what they saw, and the judge decides by all of it. */
export function createWitnesses({ db, hubs, log }: { db: Db; hubs: Hubs; log: Log }) {
  return {
    /** Writes what this hub saw of a probe that another judges. */
    async tell(probe: Probe, seen: Verdict): Promise<void> {
      if (!hubs.mayAct()) return;
      await castVote(db, probe.id, { hub: hubs.id, status: seen.status, reason: seen.reason ?? null });
    },

    /** What all hubs that look at a probe saw together, this one among them. */
    async agree(
      probe: Probe,
      own: Verdict,
      standing: ServiceStatus,
      ranAt: number | null,
      cut: AbortSignal,
    ): Promise<Verdict> {
      const members = hubs.members().map(({ id }) => id);
      const others = rank(probe.id, members)
        .slice(0, 2 * probe.quorum - 1)
        .filter((id) => id !== hubs.id);
      if (others.length === 0 || ranAt === null) return own;
      const read = () => freshVotes(db, probe.id, others, 2 * probe.everyMs);
      try {
        let votes = await read();
        const until = ranAt + Math.min(PATIENCE_MS, probe.everyMs / 2);
        // Good news is what the others said before; anything else is asked of this very round.
        const isOld = () => votes.length < others.length || votes.some(({ agoMs }) => agoMs > hubs.time() - ranAt);
        while (own.status !== 'up' && !cut.aborted && isOld() && hubs.time() < until) {
          await pause(LOOK_AGAIN_MS);
          votes = await read();
        }
        const { status, reason } = decide(own, votes, { quorum: probe.quorum, living: members.length, standing });
        if (status === own.status && reason === own.reason) return own;
        const { reason: _, unreached: __, ...rest } = own;
        return {
          ...rest,
          status,
          latencyMs: status === own.status ? own.latencyMs : null,
          ...(reason === undefined ? {} : { reason }),
        };
      } catch (error) {
        log.warn({ err: error, probe: probe.id }, 'what other hubs saw could not be read; the standing stays');
        return own.status === 'up' ? own : { ...own, status: standing };
      }
    },
  };
}
