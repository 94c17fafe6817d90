import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import type { Change } from '../platform/http/server.ts';
import type { Log } from '../platform/log.ts';
import { type Anchor, audit, verifyAudit } from './audit.ts';
import { authorizeWhole } from './authorize.ts';
import type { Caller } from './caller.ts';
import { createDenials } from './denials.ts';
import { countingEntries } from './safetyNet.ts';
import { createTrail } from './trail.ts';

/** The audit trail of requests: what was refused, what was changed by a verb that forgot it, and the reading of all of it. */
export function createRecord({ db, clock, log }: { db: Db; clock: Clock; log: Log }) {
  const denials = createDenials({ db, clock, log });
  return {
    trail: createTrail({ db }),
    /** Puts a refused request on record, when it was an attempt at what the caller may not; never waits for the database. */
    refused: denials.note,

    /** Runs a change and makes sure that it is on record: a verb that wrote no entry gets one of its route's name. */
    async onRecord<T>(caller: Caller, change: Change, work: () => Promise<T>): Promise<T> {
      const { result, entries } = await countingEntries(work);
      if (entries > 0 || change.rehearsed() || (result instanceof Response && !result.ok)) return result;
      const target = `${change.method} ${change.route}`;
      await audit(db, { caller, verb: 'api.change', target, after: change.params ?? undefined, at: clock.now() });
      return result;
    },

    /** Walks the whole audit trail; for those who may see all of it. */
    async verifyTrail(caller: Caller, anchor?: Anchor) {
      authorizeWhole(caller, 'configure');
      if (caller.tenant !== null)
        throw new HubError('forbidden', 'The chain is the whole trail, and you see a part of it.');
      return verifyAudit(db, anchor);
    },

    /** Writes the refused attempts that still wait. */
    settle: denials.close,
  };
}
export type TrailRecord = ReturnType<typeof createRecord>;
