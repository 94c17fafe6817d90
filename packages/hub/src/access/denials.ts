import { DENIED } from '@orrery/protocol';
import { type Clock, iso } from '../platform/clock.ts';
import { type Db, inTransaction } from '../platform/db.ts';
import type { Refusal } from '../platform/http/refusal.ts';
import type { Log } from '../platform/log.ts';
import { audit } from './audit.ts';
import { anonymousCaller, type Caller } from './caller.ts';
import { networkOf } from './lockout.ts';

/** Alike attempts stand in one entry; so much is remembered at once, in all and of one source. */
const MOST = 1000;
const MOST_OF_ONE_SOURCE = 20;
const SAMPLES = 3;
/** Entries that may be written at once, and how many more a minute: whoever knocks without end fills some 3 MB a day, not the disk. */
const BURST = 100;
const A_MINUTE = 6;
/** The chain's head row is held for so many entries at a time; others write in between. */
const AT_ONCE = 20;

type Attempt = {
  caller: Caller;
  target: string;
  status: number;
  detail: string;
  count: number;
  firstAt: number;
  lastAt: number;
  asked: Set<string>;
};

/**
 * Whether a refusal is an attempt at what one may not: a credential that is not good, a thing that one may not do, and, of those for whom
 * not everything exists, an id that does not exist for them. Who merely is not signed in yet has attempted nothing.
 */
export function isAttempt({ caller, status, auth, named }: Refusal<Caller>): boolean {
  if (status === 401) return caller === undefined || auth === 'public';
  if (status === 403) return true;
  return status === 404 && named && caller !== undefined && caller.kind !== 'anonymous' && isLimited(caller);
}

const isLimited = (caller: Caller): boolean => caller.projects !== 'all' || caller.tenant !== null;

/**
 * Writes refused attempts to the audit trail: behind the answer, alike ones as one entry with their count, and not more of them than the
 * disk bears. `close` writes all that is left.
 */
export function createDenials(deps: { db: Db; clock: Clock; log: Log; flushMs?: number }) {
  const { db, clock, log, flushMs = 2000 } = deps;
  const waiting = new Map<string, Attempt>();
  const ofSource = new Map<string, number>();
  let budget = BURST;
  let filledAt = clock.monotonic();
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<unknown> = Promise.resolve();
  let closed = false;

  function place({ caller, ip, method, route, status }: Refusal<Caller>): {
    source: string;
    key: string;
    target: string;
  } {
    const known = caller !== undefined && caller.kind !== 'anonymous';
    const source = known ? `${caller.kind}:${caller.id}` : `address:${networkOf(ip) ?? ip}`;
    const target = `${method} ${route}`;
    const exact = { source, key: `${source} ${target} ${status}`, target };
    if (waiting.has(exact.key)) return exact;
    const several = { source, key: `${source} * ${status}`, target: 'several routes' };
    if ((ofSource.get(source) ?? 0) >= MOST_OF_ONE_SOURCE || waiting.has(several.key)) return several;
    return waiting.size < MOST
      ? exact
      : { source: 'many', key: `many ${status}`, target: 'several routes of many callers' };
  }

  function note(refusal: Refusal<Caller>): void {
    if (closed || !isAttempt(refusal)) return;
    const { source, key, target } = place(refusal);
    const now = clock.now();
    const known = waiting.get(key);
    const attempt = known ?? {
      caller: source === 'many' ? { ...anonymousCaller, name: 'many callers' } : actor(refusal),
      target,
      status: refusal.status,
      detail: refusal.detail.slice(0, 300),
      count: 0,
      firstAt: now,
      lastAt: now,
      asked: new Set<string>(),
    };
    attempt.count++;
    attempt.lastAt = now;
    // What an unknown caller writes into an address is nobody's business to keep: it may be a secret.
    if (refusal.caller && refusal.caller.kind !== 'anonymous' && attempt.asked.size < SAMPLES)
      attempt.asked.add(refusal.asked.slice(0, 200));
    if (!known) {
      waiting.set(key, attempt);
      ofSource.set(source, (ofSource.get(source) ?? 0) + 1);
    }
    arm();
  }

  function arm(): void {
    if (timer || closed || waiting.size === 0) return;
    timer = setTimeout(() => {
      timer = undefined;
      flush(false).finally(arm);
    }, flushMs).unref();
  }

  function allowance(): number {
    const now = clock.monotonic();
    budget = Math.min(BURST, budget + ((now - filledAt) * A_MINUTE) / 60_000);
    filledAt = now;
    return Math.floor(budget);
  }

  function flush(everything: boolean): Promise<void> {
    const next = writing.then(async () => {
      const keys = [...waiting.keys()].slice(0, everything ? MOST + 10 : allowance());
      for (let at = 0; at < keys.length; at += AT_ONCE) await write(keys.slice(at, at + AT_ONCE));
    });
    writing = next.catch((error: unknown) =>
      log.warn({ err: error, waiting: waiting.size }, 'refused attempts could not be written down yet; trying again'),
    );
    return writing.then(() => undefined);
  }

  async function write(keys: string[]): Promise<void> {
    const taken = keys.map((key) => [key, { ...(waiting.get(key) as Attempt) }] as const);
    await inTransaction(db, async (trx) => {
      for (const [, attempt] of taken) await audit(trx, entryOf(attempt, clock.now()));
    });
    budget -= keys.length;
    for (const [key, { count }] of taken) {
      const attempt = waiting.get(key) as Attempt;
      // What came in while this was being written goes into an entry of its own.
      attempt.count -= count;
      attempt.firstAt = attempt.lastAt;
      if (attempt.count > 0) continue;
      waiting.delete(key);
      const source = key.slice(0, key.indexOf(' '));
      const left = (ofSource.get(source) ?? 1) - 1;
      if (left > 0) ofSource.set(source, left);
      else ofSource.delete(source);
    }
  }

  return {
    note,
    /** Attempts that wait to be written, alike ones counted once. */
    waiting: () => waiting.size,
    /** Writes what is allowed now; for tests and for the end. */
    flush: () => flush(false),
    async close(): Promise<void> {
      closed = true;
      clearTimeout(timer);
      await flush(true);
      if (waiting.size > 0)
        log.error({ waiting: waiting.size }, 'refused attempts were not written down: the database is away');
    },
  };
}

/** Who it was, as far as that is known: a credential that is not good proves nothing about its bearer. */
function actor({ caller, ip }: Refusal<Caller>): Caller {
  if (caller && caller.kind !== 'anonymous') return { ...caller, ...(ip ? { ip } : {}) };
  return { ...anonymousCaller, ...(caller === undefined ? { name: 'unknown credential' } : {}), ...(ip ? { ip } : {}) };
}

const entryOf = ({ caller, target, status, detail, count, firstAt, lastAt, asked }: Attempt, at: number) => ({
  caller,
  verb: DENIED,
  target,
  after: {
    status,
    detail,
    count,
    firstAt: iso(firstAt),
    lastAt: iso(lastAt),
    ...(asked.size > 0 ? { asked: [...asked] } : {}),
  },
  at,
});
