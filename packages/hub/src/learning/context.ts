import type { AuditEntry } from '../access/index.ts';
import type { NewEvent } from '../events/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import type { Repair } from '../repair/index.ts';
import type { Book } from './believe.ts';

export type LearningDeps = {
  db: Db;
  clock: Clock;
  repair: Pick<Repair, 'unlearned' | 'markLearned'>;
  appendEvents(trx: Db, events: readonly NewEvent[]): Promise<unknown>;
  audit(trx: Db, entry: AuditEntry): Promise<void>;
};
export type LearningContext = LearningDeps & {
  book(): Promise<Book>;
  /** What was read before holds no more. */
  forget(): void;
};
