import type { EventReceipt } from '@orrery/protocol';
import type { Caller } from '../access/index.ts';
import type { Clock } from '../platform/clock.ts';
import { type Db, inTransaction } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import type { Log } from '../platform/log.ts';
import { isOutage } from '../platform/outage.ts';
import { createTogether } from '../platform/together.ts';
import type { WatchedProject } from './compile.ts';
import { type Digest, digest, type Refused } from './digest.ts';
import type { AppendEvents, Facts, Seen, StoreEdges, StoreSamples } from './facts.ts';
import type { Refusals } from './refusals.ts';
import type { IntakeTables } from './tables.ts';

const INBOX_MS = 7 * 86_400_000;
/** One commit settles up to this many events and samples; and so many deliveries may wait for the next. */
const TOGETHER = { most: 2000, perKey: 64, inAll: 512 };

const NO_EDGES: Awaited<ReturnType<StoreEdges>> = { refused: {}, events: [] };

type Delivery = { slug: string; digests: readonly Digest[]; at: number };
type Counts = Record<string, number>;
type Stored = { fresh: Digest[]; samplesRefused: Counts; edgesRefused: Counts };

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
  appendEvents: AppendEvents;
  refusals: Refusals;
  projectOf(slug: string): WatchedProject | undefined;
  emit(facts: Facts): void;
}) {
  const { clock, refusals } = deps;
  const together = createTogether<Delivery, Stored>({
    ...TOGETHER,
    run: (deliveries) =>
      inTransaction(deps.db, async (trx) => {
        const stored: Stored[] = [];
        for (const delivery of deliveries) stored.push(await store(trx, delivery));
        return stored;
      }),
    weight: ({ digests }) => digests.reduce((sum, { samples }) => sum + 1 + samples.length, 0),
    isShared: isOutage,
  });

  async function store(trx: Db, { slug, digests, at }: Delivery): Promise<Stored> {
    const known = await newIds(trx, slug, digests, at);
    const fresh = digests.filter(({ id }) => known.delete(id));
    const samples = fresh.flatMap((one) => one.samples);
    const stored = samples.length > 0 ? await deps.storeSamples(trx, slug, samples, at) : { refused: {} };
    const hints = fresh.flatMap((one) => one.edges?.hints ?? []);
    const calls = fresh.flatMap((one) => one.edges?.calls ?? []);
    const edges = hints.length + calls.length > 0 ? await deps.storeEdges(trx, slug, { hints, calls }) : NO_EDGES;
    const events = [...fresh.flatMap((one) => one.events), ...edges.events];
    if (events.length > 0) await deps.appendEvents(trx, events);
    return {
      fresh,
      samplesRefused: addUp([...fresh.map((one) => one.refused), stored.refused]),
      edgesRefused: addUp([edges.refused]),
    };
  }

  return async function acceptEvents(caller: Caller, raw: readonly unknown[]): Promise<EventReceipt> {
    const [slug] = caller.projects === 'all' ? [] : caller.projects;
    if (caller.kind !== 'project' || slug === undefined)
      throw new HubError('forbidden', "Only a project may send this, with the project's own key.");
    const project = deps.projectOf(slug);
    if (!project)
      throw new HubError('unavailable', `The project "${slug}" is being taken up; send again in a moment.`, {
        retryAfter: 1,
      });
    const at = clock.now();
    const digests: Digest[] = [];
    const refused: Refused[] = [];
    for (const event of raw) {
      const read = digest(event, project, at);
      if ('ok' in read) digests.push(read.ok);
      else refused.push(read.refused);
    }
    const stored = digests.length > 0 ? await together.add(slug, { slug, digests, at }) : undefined;
    for (const { why } of refused) refusals.add(slug, why);
    if (refused.length > 0)
      deps.log.warn(
        { project: slug, refused: refused.length, first: `${refused[0]?.field}: ${refused[0]?.reason}` },
        'pushed events were refused',
      );
    const accepted = stored?.fresh ?? [];
    const { samplesRefused = {}, edgesRefused = {} } = stored ?? {};
    refusals.addAll(slug, addUp([samplesRefused, edgesRefused]));
    if (accepted.length > 0) deps.emit({ at, projects: [slug], seen: [newestOf(slug, accepted)] });
    return {
      accepted: accepted.length,
      duplicates: digests.length - accepted.length,
      refused: refused.map(({ why: _, ...rest }) => rest),
      ...(Object.keys(samplesRefused).length > 0 ? { samplesRefused } : {}),
      ...(Object.keys(edgesRefused).length > 0 ? { edgesRefused } : {}),
    };
  };
}

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
  const seen: Seen = { project, at: 0 };
  for (const one of digests) Object.assign(seen, one.seen);
  return seen;
}

/** Forgets ids that are older than seven days. */
export async function expireInbox(db: Db, now: number): Promise<void> {
  await db
    .withTables<IntakeTables>()
    .deleteFrom('inbox')
    .where('received_at', '<', now - INBOX_MS)
    .execute();
}
