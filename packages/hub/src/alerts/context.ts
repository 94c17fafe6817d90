import type { AuditEntry } from '../access/index.ts';
import type { NewEvent } from '../events/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import type { Log } from '../platform/log.ts';
import type { ChannelBook } from './channelBook.ts';
import type { DependencyBook } from './dependencyBook.ts';
import type { MaintenanceBook } from './maintenance/book.ts';
import type { RouteBook } from './routing/book.ts';

/** What every verb of the room works with. */
export type AlertContext = {
  db: Db;
  clock: Clock;
  log: Log;
  /** Puts events into the stream inside the transaction that they tell of. */
  appendEvents(trx: Db, events: readonly NewEvent[]): Promise<unknown>;
  audit(trx: Db, entry: AuditEntry): Promise<void>;
  book: ChannelBook;
  routes: RouteBook;
  maintenance: MaintenanceBook;
  dependencies: DependencyBook;
};
