import { setTimeout as pause } from 'node:timers/promises';
import type { ServiceStatus } from '@orrery/protocol';
import type { Clock } from '../../platform/clock.ts';
import type { Db } from '../../platform/db.ts';
import type { Probe } from '../compile.ts';
import type { Hubs } from './hubs.ts';
import { rank } from './rendezvous.ts';
import { freshVotes } from './votes.ts';

/** Another hub is waited for so long beyond the time limit of the probe. */
const PATIENCE_MS = 1500;
const LOOK_EVERY_MS = 100;
/** A beat is heard by whichever hub the job calls, and reading an instance's log moves where it was read up to. */
const ONE_HUB_ONLY: ReadonlySet<string> = new Set(['heartbeat', 'instance']);

/**
 * Asks another hub than the one that judges what it sees of these probes now: the second in rank, so that it is always the same one.
 * Resolves with what came in time; empty where there is no other hub.
 */
export async function lookFromElsewhere(
  deps: { db: Db; hubs: Hubs; clock: Clock; look(probe: Probe): void },
  probes: readonly Probe[],
  signal: AbortSignal,
): Promise<{ hub: string; status: ServiceStatus; reason: string | null }[]> {
  const { db, hubs, clock } = deps;
  const members = hubs.members();
  const asked = probes.flatMap((probe) => {
    const [, second] = rank(
      probe.id,
      members.map(({ id }) => id),
    );
    return second === undefined || ONE_HUB_ONLY.has(probe.kind) ? [] : [{ probe, by: second }];
  });
  if (!hubs.shared || asked.length === 0) return [];
  const began = clock.monotonic();
  for (const { probe, by } of asked)
    if (by === hubs.id) deps.look(probe);
    else
      hubs.tell({
        kind: 'look',
        refs: [{ project: probe.project, service: probe.service, probe: probe.id, by }],
      });
  const deadline = began + Math.max(...asked.map(({ probe }) => probe.timeoutMs)) + PATIENCE_MS;
  for (;;) {
    const since = Math.floor(clock.monotonic() - began);
    const votes = (await Promise.all(asked.map(({ probe, by }) => freshVotes(db, probe.id, [by], since)))).flat();
    if (votes.length === asked.length || clock.monotonic() > deadline || signal.aborted)
      return votes.map(({ hub, status, reason }) => ({
        hub: members.find(({ id }) => id === hub)?.name ?? hub,
        status,
        reason,
      }));
    await pause(LOOK_EVERY_MS);
  }
}
