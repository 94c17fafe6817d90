import { type PerformanceDeclaration, parseDuration } from '@orrery/protocol';
import {
  isPostgresError,
  postgresErrorInWords,
  postgresFailure,
  postgresPlace,
  withPostgres,
} from '../../intake/index.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Db } from '../../platform/db.ts';
import type { Log } from '../../platform/log.ts';
import type { Outbound } from '../../platform/outbound.ts';
import type { Statement } from './advise/collect.ts';
import { forgetAdvice, keepAdvice, keepFailure, loadLooks } from './advise/keep.ts';
import { look } from './advise/look.ts';
import { HOUR } from './fold.ts';
import { merge } from './merge.ts';
import { windowsOf } from './store.ts';

type Database = NonNullable<PerformanceDeclaration['postgres']>;
export type AdvisorDeps = {
  db: Db;
  clock: Clock;
  log: Log;
  outbound: Pick<Outbound, 'open'>;
  /** The databases that are declared, by project. */
  databases(): Promise<ReadonlyMap<string, Database>>;
};

/** All of a look: a database that answers slowly is looked at another time. */
const LOOK_MS = 60_000;
const MAX_BYTES = 32 * 1024 * 1024;

/** Looks at each declared database when its time has come, one after the other; what fails is told and tried at the next turn of it. */
export function createAdvisor({ db, clock, log, outbound, databases }: AdvisorDeps) {
  async function lookAt(project: string, { url, tls, timeout }: Database, signal: AbortSignal): Promise<void> {
    try {
      const timeoutMs = parseDuration(timeout) ?? 5000;
      const own = await ownStatements(db, project, clock.now());
      const place = { ...postgresPlace({ url, tls }), maxBytes: MAX_BYTES };
      const looked = await withPostgres({ outbound, clock, signal }, place, LOOK_MS, (client) =>
        look(client, { timeoutMs, own }),
      );
      await keepAdvice(db, project, looked, clock.now());
    } catch (error) {
      if (signal.aborted) throw error;
      const said = isPostgresError(error) ? postgresErrorInWords(error.code) : postgresFailure(error).message;
      log.warn({ err: error, project }, 'the database of a project could not be looked at');
      await keepFailure(db, project, said, clock.now());
    }
  }

  return async (signal: AbortSignal): Promise<void> => {
    const declared = await databases();
    await forgetAdvice(db, [...declared.keys()]);
    if (declared.size === 0) return;
    const looks = await loadLooks(db);
    for (const [project, database] of declared) {
      signal.throwIfAborted();
      const last = looks.get(project)?.at;
      if (last !== undefined && clock.now() - last < (parseDuration(database.every) ?? HOUR)) continue;
      await lookAt(project, database, signal);
    }
  };
}

/** The dearest statements of the last hour, with bind markers in the place of what the product's instances left out. */
async function ownStatements(db: Db, project: string, now: number): Promise<Statement[]> {
  const windows = await windowsOf(db, { project, after: now - HOUR, until: now });
  const all = [...merge(windows.map(({ window }) => window)).statements.values()];
  const whole = all.reduce((sum, { totalMs }) => sum + totalMs, 0);
  return all
    .sort((a, b) => b.totalMs - a.totalMs)
    .map(({ name, count, totalMs }) => {
      let marker = 0;
      const text = name.replace(/\?/g, () => `$${++marker}`);
      return { text, calls: count, totalMs, sharePercent: whole === 0 ? 0 : (100 * totalMs) / whole };
    });
}
