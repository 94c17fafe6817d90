import type { EventReceipt } from '@orrery/protocol';
import type { Caller } from '../access/index.ts';
import type { Clock } from '../platform/clock.ts';
import { type Db, inTransaction } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import type { Log } from '../platform/log.ts';
import { isOutage } from '../platform/outage.ts';
import { createTogether } from '../platform/together.ts';
import { noTracing, type Tracer } from '../platform/tracing.ts';
import type { WatchedProject } from './compile.ts';
import { type Digest, digest, type Refused, STALE_MS } from './digest.ts';
import type { AppendEvents, Facts, Seen, StoreEdges, StoreSamples, StoreWindows } from './facts.ts';
import { createMeshState } from './mesh/state.ts';
import type { Refusals } from './refusals.ts';
import type { IntakeTables } from './tables.ts';

/** Longer than what is refused as stale, by more than clocks differ. */
const INBOX_MS = STALE_MS + 86_400_000;
/** One commit settles up to this many events and samples; and so many deliveries may wait for the next. */
const TOGETHER = { most: 2000, perKey: 64, inAll: 512 };
/** What comes over NATS is held back there: it never comes faster than it is stored. */
const CARRIED = { most: 2000, perKey: 8, inAll: 4096 };

const NO_EDGES: Awaited<ReturnType<StoreEdges>> = { refused: {}, events: [] };

type Delivery = { slug: string; digests: readonly Digest[]; at: number };
type Counts = Record<string, number>;
type Stored = { fresh: Digest[]; samplesRefused: Counts; edgesRefused: Counts; statesRefused: Counts };

/**
 * The event door: takes what a project pushes. Ids and all that the events come to are one transaction, so that a receipt is only given
 * for what is stored and a second delivery changes nothing. A refused event leaves no trace but a counter: it may come again, corrected.
 */
export function createAccept(deps: {
  db: Db;
  clock: Clock;
  log: Log;
  storeSamples: StoreSamples;
  storeEdges: StoreEdges;
  storeWindows: StoreWindows;
  appendEvents: AppendEvents;
  refusals: Refusals;
  projectOf(slug: string): WatchedProject | undefined;
  emit(facts: Facts): void;
  tracer?: Tracer | undefined;
}) {
  const { clock, refusals } = deps;
  const { span } = deps.tracer ?? noTracing;
  const state = createMeshState();
  const gather = (bounds: typeof TOGETHER) =>
    createTogether<Delivery, Stored>({
      ...bounds,
      run: (deliveries) =>
        span('fed.aggregate.metrics', { 'fed.step': 'take in', 'fed.deliveries': deliveries.length }, () =>
          inTransaction(deps.db, async (trx) => {
            const stored: Stored[] = [];
            for (const delivery of deliveries) stored.push(await store(trx, delivery));
            return stored;
          }),
        ),
      weight: ({ digests }) => digests.reduce((sum, { samples }) => sum + 1 + samples.length, 0),
      isShared: isOutage,
    });
  const together = gather(TOGETHER);
  const carried = gather(CARRIED);

  async function store(trx: Db, { slug, digests, at }: Delivery): Promise<Stored> {
    const known = await newIds(trx, slug, digests, at);
    const fresh = digests.filter(({ id }) => known.delete(id));
    const samples = fresh.flatMap((one) => one.samples);
    const stored = samples.length > 0 ? await deps.storeSamples(trx, slug, samples, at) : { refused: {} };
    const hints = fresh.flatMap((one) => one.edges?.hints ?? []);
    const calls = fresh.flatMap((one) => one.edges?.calls ?? []);
    const edges = hints.length + calls.length > 0 ? await deps.storeEdges(trx, slug, { hints, calls }) : NO_EDGES;
    const windows = fresh.flatMap(({ id, window }) => (window ? [{ id, ...window }] : []));
    if (windows.length > 0) await deps.storeWindows(trx, slug, windows);
    const events = [...fresh.flatMap((one) => one.events), ...edges.events];
    if (events.length > 0) await deps.appendEvents(trx, events);
    const states = fresh.flatMap((one) => one.state ?? []);
    const kept =
      states.length > 0 ? await state.keep(trx, slug, states, at) : { newest: new Set<string>(), refused: {} };
    return {
      // What an older message says of a project is not what it is.
      fresh: fresh.map((one) =>
        one.state === undefined || kept.newest.has(one.id) ? one : { ...one, seen: { at: one.seen.at } },
      ),
      samplesRefused: addUp([...fresh.map((one) => one.refused), stored.refused]),
      edgesRefused: addUp([edges.refused]),
      statesRefused: kept.refused,
    };
  }

  /** Reads what one project sent; what is refused is counted and leaves nothing else. */
  function read(project: WatchedProject, raw: readonly unknown[], at: number) {
    const digests: Digest[] = [];
    const refused: Refused[] = [];
    for (const event of raw) {
      const one = digest(event, project, at);
      if ('ok' in one) digests.push(one.ok);
      else refused.push(one.refused);
    }
    for (const { why } of refused) refusals.add(project.slug, why);
    if (refused.length > 0)
      deps.log.warn(
        { project: project.slug, refused: refused.length, first: `${refused[0]?.field}: ${refused[0]?.reason}` },
        'pushed events were refused',
      );
    return { digests, refused };
  }

  function count(slug: string, digests: readonly Digest[], { fresh, ...refused }: Stored): void {
    refusals.addAll(slug, addUp([refused.samplesRefused, refused.edgesRefused, refused.statesRefused]));
    if (digests.length > fresh.length) refusals.add(slug, 'event_repeated', digests.length - fresh.length);
  }

  async function acceptEvents(caller: Caller, raw: readonly unknown[]): Promise<EventReceipt> {
    const [slug] = caller.projects === 'all' ? [] : caller.projects;
    if (caller.kind !== 'project' || slug === undefined)
      throw new HubError('forbidden', "Only a project may send this, with the project's own key.");
    const project = deps.projectOf(slug);
    if (!project)
      throw new HubError('unavailable', `The project "${slug}" is being taken up; send again in a moment.`, {
        retryAfter: 1,
      });
    const at = clock.now();
    const { digests, refused } = read(project, raw, at);
    const stored = digests.length > 0 ? await together.add(slug, { slug, digests, at }) : undefined;
    const accepted = stored?.fresh ?? [];
    const { samplesRefused = {}, edgesRefused = {} } = stored ?? {};
    if (stored) count(slug, digests, stored);
    if (accepted.length > 0) deps.emit({ at, projects: [slug], seen: [newestOf(slug, accepted)] });
    return {
      accepted: accepted.length,
      duplicates: digests.length - accepted.length,
      refused: refused.map(({ why: _, ...rest }) => rest),
      ...(Object.keys(samplesRefused).length > 0 ? { samplesRefused } : {}),
      ...(Object.keys(edgesRefused).length > 0 ? { edgesRefused } : {}),
    };
  }

  /** The same for what came over the mesh, of many projects at once. One whose messages cannot be stored holds up no other. */
  async function takeCarried(sent: ReadonlyMap<string, readonly unknown[]>): Promise<Map<string, Taken>> {
    const at = clock.now();
    const outcomes = new Map<string, Taken>();
    const seen: Seen[] = [];
    let calm = true;
    const takeOne = async (slug: string, raw: readonly unknown[]): Promise<Taken> => {
      const project = deps.projectOf(slug);
      if (!project) return 'later';
      const { digests } = read(project, raw, at);
      if (digests.length === 0) return 'taken';
      try {
        const stored = await carried.add(slug, { slug, digests, at });
        count(slug, digests, stored);
        if (stored.fresh.length > 0) seen.push(newestOf(slug, stored.fresh));
        // That somebody is there is no news to judge by; what happened is.
        if (stored.fresh.some(({ events }) => events.length > 0)) calm = false;
        return 'taken';
      } catch (error) {
        const wait = isOutage(error) || (error instanceof HubError && error.code === 'rate_limited');
        if (!wait) deps.log.error({ err: error, project: slug }, 'messages of a project could not be stored');
        return wait ? 'later' : 'bad';
      }
    };
    await Promise.all([...sent].map(async ([slug, raw]) => void outcomes.set(slug, await takeOne(slug, raw))));
    if (seen.length > 0) deps.emit({ at, projects: seen.map(({ project }) => project), seen, calm });
    return outcomes;
  }

  return { acceptEvents, takeCarried };
}

type Taken = 'taken' | 'later' | 'bad';

/** Claims the ids in the inbox; those that were not there before. In one order, so that two deliveries wait for and do not block each other. */
async function newIds(trx: Db, project: string, digests: readonly Digest[], at: number): Promise<Set<string>> {
  const ids = [...new Set(digests.map(({ id }) => id))].sort();
  const fresh = new Set<string>();
  for (let from = 0; from < ids.length; from += 500) {
    const rows = await trx
      .withTables<IntakeTables>()
      .insertInto('inbox')
      .values(ids.slice(from, from + 500).map((id) => ({ project, id, received_at: at })))
      .onConflict((conflict) => conflict.columns(['project', 'id']).doNothing())
      .returning('id')
      .execute();
    for (const { id } of rows) fresh.add(id);
  }
  return fresh;
}

function addUp(counts: readonly Readonly<Partial<Record<string, number>>>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const some of counts)
    for (const [reason, count] of Object.entries(some)) if (count) sum[reason] = (sum[reason] ?? 0) + count;
  return sum;
}

function newestOf(project: string, digests: readonly Digest[]): Seen {
  const seen: Seen = { project, at: 0, own: true };
  for (const one of digests) Object.assign(seen, one.seen);
  return seen;
}

/** Forgets ids so old that what bears them would be refused as stale. */
export async function expireInbox(db: Db, now: number): Promise<void> {
  await db
    .withTables<IntakeTables>()
    .deleteFrom('inbox')
    .where('received_at', '<', now - INBOX_MS)
    .execute();
}
