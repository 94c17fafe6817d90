import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Clock } from '../clock.ts';
import { dnsError } from './error.ts';
import { createSystemNames } from './hosts.ts';

const MIN_TTL_MS = 1000;
const MAX_TTL_MS = 60_000;
/** How long the last good address stands in for a resolver that does not answer. */
const LAST_GOOD_MS = 10 * 60_000;
/** How long a question may hold up those who have a last good address at hand. */
const PATIENCE_MS = 500;
/** An IPv6 answer that lags behind the IPv4 one is waited for this long (RFC 8305 calls it the resolution delay). */
const SECOND_FAMILY_MS = 50;
const MAX_NAMES = 5000;

type Known = { addresses: readonly string[]; goodAt: number; freshUntil: number };
type Answer = { addresses: string[]; ttlMs: number };

const ABSENT = new Set(['ENOTFOUND', 'ENODATA']);
const isAbsent = (error: unknown) => ABSENT.has((error as NodeJS.ErrnoException).code ?? '');
const wait = (ms: number) => new Promise<undefined>((resolve) => setTimeout(resolve, ms, undefined));

/**
 * Turns names into addresses without the thread pool of `dns.lookup`, which one slow resolver would stall for everybody. One question
 * per name is on its way at a time; answers are kept as long as they say, and a little longer when the resolver stops answering.
 */
export function createNames(options: { clock: Clock; servers?: readonly string[] }) {
  const { clock } = options;
  const resolver = new Resolver({ timeout: 2000, tries: 2 });
  if (options.servers) resolver.setServers(options.servers);
  const system = createSystemNames(() => clock.monotonic());
  const known = new Map<string, Known>();
  const asking = new Map<string, { answer: Promise<readonly string[]>; since: number }>();

  async function query(name: string): Promise<Answer> {
    const v4 = resolver.resolve4(name, { ttl: true });
    const v6 = resolver.resolve6(name, { ttl: true }).catch(() => []);
    let first: { address: string; ttl: number }[] = [];
    try {
      first = await v4;
    } catch (error) {
      const second = await v6;
      if (second.length === 0) throw error;
      return pack(second);
    }
    return pack([...first, ...((await Promise.race([v6, wait(SECOND_FAMILY_MS)])) ?? [])]);
  }

  async function lookUp(host: string): Promise<Answer> {
    const { hosts, search, ndots } = await system();
    const listed = hosts.get(host);
    if (listed) return { addresses: [...listed], ttlMs: MIN_TTL_MS };
    if (host === 'localhost' || host.endsWith('.localhost'))
      return { addresses: ['127.0.0.1', '::1'], ttlMs: MAX_TTL_MS };
    const short = host.split('.').length - 1 < ndots;
    let failure: unknown;
    for (const name of short ? [...search.map((domain) => `${host}.${domain}`), host] : [host]) {
      try {
        return await query(name);
      } catch (error) {
        failure = error;
        if (!isAbsent(error)) throw error;
      }
    }
    throw failure;
  }

  async function ask(host: string): Promise<readonly string[]> {
    try {
      const { addresses, ttlMs } = await lookUp(host);
      const now = clock.monotonic();
      known.delete(host);
      known.set(host, { addresses, goodAt: now, freshUntil: now + ttlMs });
      const oldest = known.keys().next().value;
      if (known.size > MAX_NAMES && oldest !== undefined) known.delete(oldest);
      return addresses;
    } catch (error) {
      if (isAbsent(error)) known.delete(host);
      throw dnsError(host, error);
    } finally {
      asking.delete(host);
    }
  }

  return {
    /** Addresses of a host, IPv4 first. Throws `dns` with its code; the caller's own deadline limits the wait. */
    async resolve(host: string): Promise<readonly string[]> {
      if (isIP(host) !== 0) return [host];
      const name = host.toLowerCase().replace(/\.$/, '');
      const last = known.get(name);
      const now = clock.monotonic();
      if (last && now < last.freshUntil) return last.addresses;
      const asked = asking.get(name) ?? { answer: ask(name), since: now };
      asking.set(name, asked);
      if (!last || now - last.goodAt > LAST_GOOD_MS) return asked.answer;
      const patience = PATIENCE_MS - (now - asked.since);
      if (patience <= 0) return last.addresses;
      try {
        return (await Promise.race([asked.answer, wait(patience)])) ?? last.addresses;
      } catch (error) {
        if (known.has(name)) return last.addresses;
        throw error;
      } finally {
        // Whoever no longer waits must not leave the failure unheard.
        asked.answer.catch(() => undefined);
      }
    },
    close: () => resolver.cancel(),
  };
}

function pack(records: readonly { address: string; ttl: number }[]): Answer {
  const ttl = Math.min(...records.map((record) => record.ttl)) * 1000;
  return {
    addresses: records.map((record) => record.address),
    ttlMs: Math.min(Math.max(ttl, MIN_TTL_MS), MAX_TTL_MS),
  };
}
