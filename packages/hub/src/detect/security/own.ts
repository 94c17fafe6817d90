import type { AttackSighting } from '@orrery/protocol';
import { actorOf, createAttackWatch } from '@orrery/sdk/attacks';
import type { Clock } from '../../platform/clock.ts';
import type { SeenRequest } from '../../platform/http/seen.ts';
import type { Log } from '../../platform/log.ts';

const FLUSH_MS = 5000;
/** What waits for a database that is away. */
const MOST_WAITING = 256;

/** The hub is a product as well: its own requests are looked through as the SDK does it, and who guesses at its sign-in is found. */
export function createOwnWatch(deps: {
  key: Uint8Array;
  clock: Clock;
  log: Log;
  count(sightings: readonly AttackSighting[]): Promise<void>;
}) {
  const { clock, log } = deps;
  const watch = createAttackWatch({ key: deps.key, now: clock.monotonic, wallClock: clock.now });
  let waiting: AttackSighting[] = [];
  let flushing: Promise<void> | undefined;

  async function write(): Promise<void> {
    waiting = [...waiting, ...(watch.take()?.sightings ?? [])].slice(-MOST_WAITING);
    if (waiting.length === 0) return;
    const taken = waiting;
    waiting = [];
    try {
      await deps.count(taken);
    } catch (error) {
      waiting = [...taken, ...waiting];
      log.warn({ err: error, waiting: waiting.length }, 'attacks on the hub wait to be written down');
    }
  }

  function flush(): Promise<void> {
    flushing ??= write().finally(() => {
      flushing = undefined;
    });
    return flushing;
  }

  const timer = setInterval(() => void flush(), FLUSH_MS).unref();
  return {
    /** Looks at one answered request; some microseconds, and never in its way. */
    see: ({ ip, ...request }: SeenRequest): void =>
      watch.see({ ...request, actor: actorOf(ip, request.header('x-forwarded-for')) }),
    flush,
    async stop(): Promise<void> {
      clearInterval(timer);
      await flush();
    },
  };
}
