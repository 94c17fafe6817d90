import { setTimeout as wait } from 'node:timers/promises';

/** So many visitors at once who each ask again as soon as they are answered: FLEET_CROWD of them at FLEET_CROWD_URL, until it is ended. */
const url = process.env.FLEET_CROWD_URL ?? '';
const visitors = Number(process.env.FLEET_CROWD ?? 60);

process.on('disconnect', () => process.exit(0));
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0));
for (let n = 0; n < visitors; n++) void visit();
process.send?.({ ready: {} });

async function visit(): Promise<void> {
  for (;;) {
    try {
      await (await fetch(url, { signal: AbortSignal.timeout(10_000) })).arrayBuffer();
    } catch {
      // Turned away: they come back.
      await wait(500);
    }
  }
}
