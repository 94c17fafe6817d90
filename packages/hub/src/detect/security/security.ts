import type { AttackFamily } from '@orrery/protocol';
import type { Caller } from '../../access/index.ts';
import type { Clock } from '../../platform/clock.ts';
import { type Db, inTransaction } from '../../platform/db.ts';
import type { Log } from '../../platform/log.ts';
import type { Samples } from '../../samples/index.ts';
import { HUB_PROJECT } from '../isolation.ts';
import { attackFacts } from './gather.ts';
import { getSecurity, listSecurity, type SecurityFilter } from './list.ts';
import { createOwnWatch } from './own.ts';
import { attacksOf, securityPosture } from './posture.ts';
import { ATTACK_EVENT, countAttacks, expireAttacks, takeAttacks } from './take.ts';

export type Security = ReturnType<typeof createSecurity>;

/** Attacks on products and on the hub itself: counted as they are told of, judged by the detector `attack`, listed for people. */
export function createSecurity(deps: {
  db: Db;
  clock: Clock;
  log: Log;
  samples: Pick<Samples, 'latest'>;
  /** Makes opaque who attacks the hub itself. */
  key: Uint8Array;
  /** The projects that are declared. */
  slugs: () => readonly string[];
}) {
  const { db, clock, log } = deps;
  const own = { db, now: clock.now };
  return {
    /** Whether events tell of attacks. */
    concerns: (events: readonly { type: string }[]) => events.some(({ type }) => type === ATTACK_EVENT),
    /** Counts what events tell of attacks, inside the transaction that stores them. */
    take: (trx: Db, events: Parameters<typeof takeAttacks>[1]) => takeAttacks(trx, events, clock.now()),
    /** Looks at the hub's own requests. */
    own: createOwnWatch({
      ...{ key: deps.key, clock, log },
      count: (sightings) => inTransaction(db, (trx) => countAttacks(trx, HUB_PROJECT, sightings, clock.now())),
    }),
    facts: (projects: readonly string[] | undefined, now: number) => attackFacts(db, projects, now),
    list: (caller: Caller, filter: SecurityFilter) => listSecurity(own, caller, filter),
    get: (caller: Caller, id: string) => getSecurity(own, caller, id),
    posture: (caller: Caller) => securityPosture({ ...own, samples: deps.samples, slugs: deps.slugs }, caller),
    expire: (projects: readonly string[]) => expireAttacks(db, clock.now(), projects),

    /** The security of everything in few figures, for an overview of the hub as a whole. */
    async summary(): Promise<SecuritySummaryFigures> {
      const sums = [...(await attacksOf(db, clock.now())).entries()];
      const families: Partial<Record<AttackFamily, number>> = {};
      for (const [, { families: each }] of sums)
        for (const [family, count] of Object.entries(each) as [AttackFamily, number][])
          families[family] = (families[family] ?? 0) + count;
      const lastAt = Math.max(0, ...sums.map(([, sum]) => sum.lastAt));
      return {
        attacks24h: Object.values(families).reduce((sum, count) => sum + count, 0),
        families,
        activeIncidents: sums.reduce((sum, [, { active }]) => sum + active, 0),
        attackedProjects: sums.filter(([, { active }]) => active > 0).map(([project]) => project),
        lastAttackAt: lastAt === 0 ? null : new Date(lastAt).toISOString(),
      };
    },
  };
}

export type SecuritySummaryFigures = {
  attacks24h: number;
  families: Partial<Record<AttackFamily, number>>;
  activeIncidents: number;
  attackedProjects: string[];
  lastAttackAt: string | null;
};
