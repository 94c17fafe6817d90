import { sql } from 'kysely';
import type { Clock } from '../../platform/clock.ts';
import type { Db } from '../../platform/db.ts';
import { createLine, type Line } from '../../platform/line.ts';
import type { Log } from '../../platform/log.ts';
import { createMembership, type Member, type Watcher } from './membership.ts';
import { createNewsDesk, type News, readWord } from './news.ts';
import { type Role, roleOf } from './rendezvous.ts';

/** What keeps a hub from seeing its targets. */
export type Isolation = { since: number; reason: string };

/** A hub among the hubs on its database. */
export type Hubs = {
  id: string;
  name: string;
  version: string;
  /** Whether other hubs may be there at all. */
  shared: boolean;
  /** Whether this hub may probe: on the monotonic clock, nobody else has taken its probes yet. */
  mayAct(): boolean;
  /** Inside a transaction: whether this hub is still who it was; what it holds stays its own until the transaction ends. */
  guard(trx: Db): Promise<boolean>;
  /** Milliseconds on a clock that all hubs share and that only paces checks. */
  time(): number;
  /** The living hubs that this one reckons with, itself among them. */
  members(): readonly Member[];
  /** The same text as long as they are the same. */
  view(): string | null;
  roleOf(probe: string, quorum: number): Role;
  /** Whether every hub reckons with the same hubs, and has let go of what is not its own. */
  settled(): boolean;
  watch(watcher: Watcher): void;
  /** How many probes it has, for the list of hubs. */
  count(probes: () => number): void;
  /** What keeps it from its targets, shown to people; undefined when nothing does. */
  isolated(isolation: Isolation | undefined): void;
  tell(news: News): void;
  onNews(listener: (news: News) => void): void;
  /** Whether news is heard now, so that what nobody told of has not changed. */
  hears(): boolean;
  /** When it began to listen last, monotonic ms. */
  heardSince(): number;
  start(): Promise<void>;
  stop(): Promise<void>;
};

type Identity = { id: string; name: string; version: string };

/** The hub on a database that it has to itself: everything is its own, and nothing is asked of anybody. */
export function aloneHub(clock: Clock, identity: Identity = { id: 'hub', name: 'hub', version: '' }): Hubs {
  const since = clock.now();
  let probes = () => 0;
  let isolation: Isolation | undefined;
  return {
    ...identity,
    shared: false,
    mayAct: () => true,
    guard: async () => true,
    time: clock.monotonic,
    members: () => [
      {
        ...identity,
        fence: 1,
        since,
        seenAt: clock.now(),
        view: null,
        probes: probes(),
        ...(isolation ? { isolation } : {}),
      },
    ],
    view: () => 'alone',
    roleOf: () => 'judge',
    settled: () => true,
    watch: () => undefined,
    count(next) {
      probes = next;
    },
    isolated(next) {
      isolation = next;
    },
    tell: () => undefined,
    onNews: () => undefined,
    hears: () => false,
    heardSince: () => 0,
    start: async () => undefined,
    stop: async () => undefined,
  };
}

const CHANNEL = 'orrery_hubs';

/** A hub among others on one PostgreSQL. */
export function sharedHub(deps: Identity & { url: string; clock: Clock; log: Log }): Hubs {
  const { clock, log } = deps;
  const listeners = new Set<(news: News) => void>();
  let heardSince = 0;
  const line: Line = createLine({
    url: deps.url,
    channel: CHANNEL,
    log,
    onWord: hear,
    onListening: () => {
      heardSince = clock.monotonic();
    },
  });
  const membership = createMembership({ ...deps, line, call: () => say({ kind: 'hubs' }) });

  const desk = createNewsDesk((news) => say(news));

  function hear(text: string): void {
    const word = readWord(text);
    if (!word) log.debug({ word: text.slice(0, 200) }, 'a word on the channel of the hubs is none of theirs');
    if (!word || word.from === deps.id) return;
    if (word.kind === 'hubs') membership.look();
    else {
      const { from: _, ...news } = word;
      for (const listener of listeners) listener(news);
    }
  }

  async function say(word: News | { kind: 'hubs' }): Promise<void> {
    try {
      await line.query('SELECT pg_notify($1, $2)', [CHANNEL, JSON.stringify({ from: deps.id, ...word })]);
    } catch (error) {
      log.debug({ err: error }, 'the other hubs were not told; they find out by themselves');
    }
  }

  return {
    id: deps.id,
    name: deps.name,
    version: deps.version,
    shared: true,
    mayAct: membership.mayAct,
    async guard(trx) {
      const fence = membership.fence();
      // Deleting the row waits for this lock, so nobody takes over while the transaction is under way; one that is left lying is ended.
      const { rows } = await sql`SELECT set_config('idle_in_transaction_session_timeout', '1500', true)
        FROM hubs WHERE id = ${deps.id} AND fence = ${fence} FOR KEY SHARE`.execute(trx);
      return rows.length === 1;
    },
    time: membership.time,
    members: membership.members,
    view: membership.view,
    roleOf: (probe, quorum) =>
      roleOf(
        probe,
        quorum,
        membership.members().map(({ id }) => id),
        deps.id,
      ),
    settled: membership.settled,
    watch: membership.watch,
    count: membership.count,
    isolated: membership.isolated,
    tell(news) {
      if (membership.members().length > 1) desk.tell(news);
    },
    onNews: (listener) => void listeners.add(listener),
    hears: line.listening,
    heardSince: () => heardSince,
    start: membership.start,
    async stop() {
      await membership.stop();
      await line.close();
    },
  };
}
