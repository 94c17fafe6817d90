import { createHash } from 'node:crypto';
import type { Clock } from '../../platform/clock.ts';
import type { Line } from '../../platform/line.ts';
import type { Log } from '../../platform/log.ts';
import { createPace } from './pace.ts';
import { evict, join, leave, type Member, type Presence, readHubs, renew } from './presence.ts';

export type { Member } from './presence.ts';

/** Whoever runs the probes of this hub, told when they change hands. */
export type Watcher = {
  /** Others took what was its own: stop at once, and forget what is not written. */
  lost(): void;
  /** Other hubs are there than before: let go of what is not one's own any more, and write what was seen. */
  release(): Promise<void>;
  /** Every hub has let go: begin what is one's own and has not begun. Called again and again. */
  claim(): Promise<void>;
};

/** A hub that was not heard of for so long is gone, by the database's clock. */
const LEASE_MS = 3000;
const RENEW_MS = 1000;
/** A hub stops by itself so long before others may take over. */
const MARGIN_MS = 400;
const AGAIN_MS = 250;

/**
 * Keeps this hub's place among the living, and lets probes change hands without two hubs having one at once: a hub acts on a change of the
 * living in two steps. First it lets go and says so (`view`); only when all say the same does it begin what is newly its own. A hub whose
 * time ran out is deleted before that, which waits for what it writes and ends what it might write later.
 */
export function createMembership(deps: {
  id: string;
  name: string;
  version: string;
  clock: Clock;
  log: Log;
  line: Line;
  /** Calls the other hubs to look; never rejects. */
  call(): Promise<void>;
}) {
  const { id, clock, log, line, call } = deps;
  const pace = createPace(clock);
  let fence = 0;
  let joined = false;
  let until = Number.NEGATIVE_INFINITY;
  let living: readonly Member[] = [];
  let view: string | null = null;
  /** The view under which everything that is not its own has been let go of. */
  let released: string | null = null;
  /** The view before, where the present one only lacks some of its hubs: nobody who still acts on that one has what is now another's. */
  let larger: string | null = null;
  let known: ReadonlySet<string> = new Set();
  let watcher: Watcher = { lost: () => undefined, release: async () => undefined, claim: async () => undefined };
  let probes = () => 0;
  let isolation: Member['isolation'];
  let turn: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let beating: Promise<void> | undefined;
  let again = false;
  let stopped = false;
  let failing = false;
  /** The others have something to see once it is written. */
  let announcing = false;
  /** When it looked last, monotonic ms. */
  let lookedAt = Number.NEGATIVE_INFINITY;

  const alone = () => living.every((member) => member.id === id);
  const agreed = () =>
    view !== null &&
    released === view &&
    living.every((one) => one.id === id || one.view === view || (larger !== null && one.view === larger));

  function presence(): Presence {
    return { id, fence, name: deps.name, version: deps.version, view: released, probes: probes(), isolation };
  }

  /** Somebody took this hub for dead: whatever it has is another's now. */
  function lose(): void {
    until = Number.NEGATIVE_INFINITY;
    if (!joined) return;
    joined = false;
    view = null;
    released = null;
    known = new Set();
    log.warn('other hubs have taken over the probes of this one; it begins anew');
    watcher.lost();
  }

  async function beat(): Promise<void> {
    const asked = clock.monotonic();
    if (joined && !(await renew(line, presence(), LEASE_MS))) lose();
    if (!joined) {
      fence += 1;
      await join(line, presence(), LEASE_MS);
      joined = true;
      announcing = true;
    }
    if (announcing) {
      announcing = false;
      if (!alone() || living.length === 0) void call();
    }
    const before = clock.monotonic();
    const { hubs, now } = await readHubs(line);
    pace.heard(now, before);
    // A machine that stood still did so with all its hubs: they have a moment to say that they are there.
    const isAwake = asked - lookedAt < LEASE_MS / 2;
    lookedAt = asked;
    const present: Member[] = [];
    for (const { left, ...hub } of hubs) {
      // One that cannot be deleted yet is still writing: it counts as living until that has ended.
      if (hub.id === id || left > 0 || !isAwake || !(await evict(line, hub))) present.push(hub);
      else log.warn({ hub: hub.name }, 'a hub is gone; the others take over its probes');
    }
    until = asked + LEASE_MS - MARGIN_MS;
    take(present);
    // At the very end of another's time, or soon again where it could not be deleted yet.
    const ends = hubs.filter((hub) => hub.id !== id).map(({ left }) => (left > 0 ? left + 10 : AGAIN_MS));
    schedule(Math.min(RENEW_MS, ...ends));
  }

  function take(present: Member[]): void {
    living = present;
    const next = viewOf(present);
    if (next !== view) {
      larger = present.every((hub) => known.has(nameOf(hub))) ? released : null;
      view = next;
      turn = turn.then(release);
    } else if (agreed()) turn = turn.then(claim);
  }

  async function release(): Promise<void> {
    const mine = view;
    if (stopped || released === mine) return;
    try {
      await watcher.release();
    } catch (error) {
      log.error({ err: error }, 'probes could not be handed over; it is tried again');
      view = null;
      return look();
    }
    if (view !== mine) return;
    released = mine;
    known = new Set(living.map(nameOf));
    if (!alone()) {
      announcing = true;
      look();
    }
    return claim();
  }

  async function claim(): Promise<void> {
    if (stopped || !agreed()) return;
    try {
      await watcher.claim();
    } catch (error) {
      log.error({ err: error }, 'probes could not be taken over; it is tried again');
    }
  }

  function schedule(ms: number): void {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(look, ms).unref();
  }

  /** Looks now who is there, or once more when a look is under way. */
  function look(): void {
    if (stopped) return;
    if (beating) {
      again = true;
      return;
    }
    beating = beat()
      .then(() => {
        failing = false;
      })
      .catch((error: unknown) => {
        if (!failing && !stopped) log.warn({ err: error }, 'the other hubs cannot be seen; it is tried again');
        failing = true;
        schedule(AGAIN_MS);
      })
      .finally(() => {
        beating = undefined;
        if (!again) return;
        again = false;
        look();
      });
  }

  return {
    // Alone it goes on while the database is away: nobody is there to take over, and what it sees waits to be written.
    mayAct: () => joined && (alone() || clock.monotonic() < until),
    fence: () => fence,
    time: pace.time,
    members: (): readonly Member[] => living,
    settled: () => agreed(),
    /** Names the living hubs: the same text as long as they are the same. */
    view: () => view,
    watch(next: Watcher): void {
      watcher = next;
    },
    count(next: () => number): void {
      probes = next;
    },
    isolated(next: Member['isolation']): void {
      isolation = next;
    },
    look,
    /** Takes its place; what is its own is begun soon after. */
    async start(): Promise<void> {
      look();
      await beating;
    },
    /** Gives its place back, so that others need not wait; what it had must have been let go of before. */
    async stop(): Promise<void> {
      stopped = true;
      clearTimeout(timer);
      await beating;
      await turn;
      if (!joined) return;
      joined = false;
      try {
        await leave(line, { id, fence });
        if (!alone()) await call();
      } catch (error) {
        log.warn({ err: error }, "this hub's place could not be given back; it ends by itself");
      }
    },
  };
}

const nameOf = ({ id, fence }: Member): string => JSON.stringify([id, fence]);

/** One text for the same hubs, whoever looks. */
const viewOf = (hubs: readonly Member[]): string =>
  createHash('sha256')
    .update(JSON.stringify(hubs.map(nameOf).sort()))
    .digest('base64url')
    .slice(0, 22);
