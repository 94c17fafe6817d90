import type { createLocalJWKSet, FlattenedJWSInput, JWSHeaderParameters } from 'jose';
import { z } from 'zod';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import { type Provider, providerAway } from './provider.ts';

/** Only public keys of asymmetric kinds: a shared secret in the set must never verify anything. */
const KeySet = z.object({
  keys: z
    .array(z.looseObject({ kty: z.string() }))
    .max(100)
    .transform((keys) =>
      keys.filter(({ kty, d, k }) => ['RSA', 'EC', 'OKP'].includes(kty) && d === undefined && k === undefined),
    ),
});

/** Keys are asked for again after this long, whatever happens. */
const FRESH_MS = 5 * 60_000;
/** Least time between two questions that a stranger's token can cause. */
const COOL_DOWN_MS = 10_000;

type Set = ReturnType<typeof createLocalJWKSet>;

/**
 * The provider's signing keys. A key that is not known yet is looked for at once, though not more often than every ten seconds; while the
 * provider is away the known ones count until `maxAgeMs`, and after that none does.
 */
export function createKeySet(deps: { provider: Provider; clock: Clock; log: Log; maxAgeMs: number }) {
  const { provider, clock, log } = deps;
  let known: { set: Set; at: number } | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | undefined;

  async function fetchKeys(): Promise<void> {
    askedAt = clock.monotonic();
    try {
      const { jwks_uri } = await provider.discovery();
      const { status, json } = await provider.ask(jwks_uri);
      if (status !== 200) throw new Error(`the key set answered ${status}`);
      const { keys } = KeySet.parse(json());
      const { createLocalJWKSet } = await import('jose');
      known = { set: createLocalJWKSet({ keys } as Parameters<typeof createLocalJWKSet>[0]), at: clock.monotonic() };
    } catch (error) {
      log.warn({ err: error }, 'the keys of the identity provider could not be fetched');
    }
  }
  const refresh = (): Promise<void> => {
    asking ??= fetchKeys().finally(() => {
      asking = undefined;
    });
    return asking;
  };
  const mayAsk = () => asking !== undefined || clock.monotonic() - askedAt >= COOL_DOWN_MS;
  const age = () => clock.monotonic() - (known?.at ?? Number.NEGATIVE_INFINITY);

  /** The key that a token's header names; throws jose's error for one that is not there, `unavailable` while no key can be had. */
  return async (header: JWSHeaderParameters, token: FlattenedJWSInput) => {
    if (age() >= FRESH_MS && mayAsk()) await refresh();
    if (!known || age() >= deps.maxAgeMs) throw providerAway();
    try {
      return await known.set(header, token);
    } catch (error) {
      const { errors } = await import('jose');
      if (!(error instanceof errors.JWKSNoMatchingKey) || !mayAsk()) throw error;
      await refresh();
      return known.set(header, token);
    }
  };
}
