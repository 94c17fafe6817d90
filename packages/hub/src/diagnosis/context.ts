import type { Cause } from '@orrery/protocol';
import type { AuditEntry } from '../access/index.ts';
import type { Alerts } from '../alerts/index.ts';
import type { NewEvent } from '../events/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import type { Log } from '../platform/log.ts';
import type { AskModel } from './explain/ask.ts';
import type { GatherRooms } from './gather/gather.ts';

export type DiagnosisDeps = Omit<GatherRooms, 'alerts'> & {
  db: Db;
  clock: Clock;
  log: Log;
  incidents: Pick<Alerts['incidents'], 'standing' | 'alertsOf' | 'of' | 'get'>;
  appendEvents(trx: Db, events: readonly NewEvent[]): Promise<unknown>;
  audit(trx: Db, entry: AuditEntry): Promise<void>;
  /** Asks a model; nobody is asked without it. */
  ask?: AskModel | undefined;
  /** Whether models may be asked, and how often in an hour. */
  limits(): { explain: boolean; explanationsPerHour: number };
};
export type DiagnosisContext = DiagnosisDeps & {
  /** Something was found out: for those who wait for it. */
  told(found: Ranked): void;
};

/** That an incident was diagnosed, or diagnosed anew with another result. */
export type Ranked = { incidentId: string; diagnosisId: string; at: number; causes: readonly Cause[] };
