import { setTimeout as wait } from 'node:timers/promises';
import { type PostgresRemedy, parseDuration } from '@orrery/protocol';
import type pg from 'pg';
import type { z } from 'zod';
import {
  isPostgresError,
  postgresErrorInWords,
  postgresFailure,
  postgresPlace,
  withPostgres,
} from '../../intake/index.ts';
import { fingerprint } from './fingerprint.ts';
import { type Backend, CANCEL_SQL, candidatesOf, ENDED_SQL, FIND_SQL, limitsOf, TERMINATE_SQL } from './postgresSql.ts';
import type { Acted, Remedy } from './remedy.ts';

type Declared = z.output<typeof PostgresRemedy>;
const LOOK_MS = 50;

/**
 * Ends sessions that block others or are idle in a transaction. Each statement that ends one looks again, in the same breath, whether it still
 * is the session that was found and still does what it is ended for. A statement that runs is cancelled first; its session is ended only when
 * that did not help. What was ended is told by a fingerprint, never by its text.
 */
export const postgres: Remedy<Declared> = {
  describe(declared) {
    const { blockingFor, idleInTransactionFor, maxBackends } = declared;
    const kinds = [
      ...(blockingFor === undefined ? [] : [`blocks others for ${blockingFor}`]),
      ...(idleInTransactionFor === undefined ? [] : [`is idle in a transaction for ${idleInTransactionFor}`]),
    ];
    return `end what ${kinds.join(' or ')}, at most ${maxBackends}, on ${postgresPlace(declared).shown}`;
  },

  async act(declared, { outbound, clock, signal }) {
    const place = postgresPlace(declared);
    const timeoutMs = parseDuration(declared.timeout) ?? 0;
    const ended: string[] = [];
    try {
      return await withPostgres({ outbound, clock, signal }, place, timeoutMs, (client) =>
        endSessions(client, declared, ended),
      );
    } catch (error) {
      const what = isPostgresError(error) ? postgresErrorInWords(error.code) : postgresFailure(error).message;
      // What was ended before it broke was ended.
      const before = ended.length === 0 ? '' : `; before that: ${ended.join('; ')}`;
      return { done: ended.length > 0, detail: `PostgreSQL ${place.shown}: ${what}${before}` };
    }
  },
};

async function endSessions(client: pg.Client, declared: Declared, ended: string[]): Promise<Acted> {
  const { maxBackends } = declared;
  await client.query('SET statement_timeout = 5000');
  const limits = limitsOf(declared);
  const { rows } = await client.query<Backend & { hidden: number }>(FIND_SQL, limits);
  const found = candidatesOf(rows);
  if (found.length === 0) {
    const hidden = Number(rows[0]?.hidden ?? 0);
    return hidden > 0
      ? { done: false, detail: `${hidden} sessions are hidden from the hub's user: grant it pg_monitor` }
      : { done: false, needless: true, detail: 'nothing blocks or idles for so long any more: nothing was ended' };
  }
  for (const backend of found.slice(0, maxBackends)) {
    const how = await endOne(client, backend, declared, limits);
    if (how !== undefined) ended.push(`${how}: ${inWords(backend)}`);
  }
  if (ended.length === 0)
    return { done: false, needless: true, detail: 'what was found had ended by itself: nothing was ended' };
  const left = found.length - maxBackends;
  return { done: true, detail: `${ended.join('; ')}${left > 0 ? `; ${left} more were left alone` : ''}` };
}

/** How one session was ended; undefined when it no longer is what it was found for. */
async function endOne(
  client: pg.Client,
  backend: Backend,
  { grace }: Declared,
  limits: unknown[],
): Promise<string | undefined> {
  const mine = [...limits, backend.pid, backend.started];
  const did = async (sql: string) => (await client.query<{ did: boolean }>(sql, mine)).rows[0]?.did === true;
  // A cancel reaches a statement that runs; who idles has none.
  if (backend.state === 'active') {
    if (!(await did(CANCEL_SQL))) return undefined;
    if (await isOver(client, backend, parseDuration(grace) ?? 0)) return 'its statement was cancelled';
  }
  return (await did(TERMINATE_SQL)) ? 'its session was ended' : undefined;
}

/** Whether the transaction of a session ends within so many ms. */
async function isOver(client: pg.Client, { pid, started, transaction }: Backend, graceMs: number): Promise<boolean> {
  for (let passed = 0; ; passed += LOOK_MS) {
    const { rows } = await client.query<{ over: boolean }>(ENDED_SQL, [pid, started, transaction]);
    if (rows[0]?.over === true) return true;
    if (passed >= graceMs) return false;
    await wait(LOOK_MS, undefined, { ref: false });
  }
}

const inWords = ({ pid, name, database, state, why, seconds, query }: Backend): string =>
  `session ${pid} of ${name} in ${database} (${state}, ${why} for ${Math.round(seconds)} s, last ${fingerprint(query)})`;
