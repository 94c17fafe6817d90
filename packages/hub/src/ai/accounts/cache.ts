import { createHash } from 'node:crypto';
import type { Clock } from '../../platform/clock.ts';
import { parseShallowJson } from '../../platform/json.ts';
import type { Cache, CachedAnswer, CallFacts } from '../types.ts';
import type { AccountsConfig } from './settings.ts';

type Entry = { answer: CachedAnswer; until: number; bytes: number };
/** What an entry weighs beside its body. */
const OVERHEAD_BYTES = 300;

/**
 * Answers to the very same question of the very same tenant, in memory: nothing of them is written down. What is larger than an eighth of
 * the room is not kept; when the room is full, what was not asked for longest goes first.
 */
export function createCache({
  clock,
  config,
}: {
  clock: Clock;
  config: () => AccountsConfig['cache'];
}): Cache & { bytes(): number } {
  const entries = new Map<string, Entry>();
  let bytes = 0;

  const wants = (call: CallFacts): boolean => call.tenant !== null && config().tenants.includes(call.tenant);

  function drop(key: string): void {
    bytes -= entries.get(key)?.bytes ?? 0;
    entries.delete(key);
  }

  return {
    wants,
    async get(call, body, steered) {
      if (!wants(call)) return undefined;
      const key = keyOf(call, body, steered);
      const found = entries.get(key);
      if (!found) return undefined;
      if (found.until <= clock.monotonic()) {
        drop(key);
        return undefined;
      }
      entries.delete(key);
      entries.set(key, found);
      return found.answer;
    },
    async put(call, body, answer, steered) {
      const { ttlMs, maxBytes } = config();
      const weight = answer.body.byteLength + OVERHEAD_BYTES;
      if (!wants(call) || answer.status !== 200 || weight > maxBytes / 8) return;
      const key = keyOf(call, body, steered);
      drop(key);
      entries.set(key, {
        answer: { ...answer, body: answer.body.slice() },
        until: clock.monotonic() + ttlMs,
        bytes: weight,
      });
      bytes += weight;
      for (const oldest of entries.keys()) {
        if (bytes <= maxBytes) break;
        drop(oldest);
      }
    },
    bytes: () => bytes,
  };
}

/** A tenant, a door and a request: members may stand in any order, everything else counts. */
function keyOf(call: CallFacts, body: Uint8Array, steered = ''): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([call.tenant, call.protocol, call.intent, call.stream, steered]))
    .update('\n');
  const value = parseShallowJson(Buffer.from(body).toString('utf8'));
  return hash.update(value === undefined ? body : JSON.stringify(canonical(value))).digest('base64');
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  // As pairs: an object of our own making would put members that are numbers first.
  return {
    '{}': Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => [name, canonical(inner)]),
  };
}
