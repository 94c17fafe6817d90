import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import type { Outbound } from '../../platform/outbound.ts';
import { createKeySet } from './keys.ts';
import { createProvider, type Provider } from './provider.ts';
import type { OidcSettings } from './settings.ts';
import { type Verified, verifyToken } from './verify.ts';

export type Oidc = ReturnType<typeof createOidc>;

/** The configured identity provider with its keys; made anew when the configuration names another. */
export function createOidc(deps: {
  outbound: Pick<Outbound, 'request'>;
  clock: Clock;
  log: Log;
  settings: () => OidcSettings | undefined;
}) {
  const { clock, log, outbound } = deps;
  let current: { settings: OidcSettings; provider: Provider; keys: ReturnType<typeof createKeySet> } | undefined;

  function parts() {
    const settings = deps.settings();
    if (settings === undefined) return undefined;
    if (current?.settings !== settings) {
      const provider = createProvider({ outbound, clock, log, settings });
      const keys = createKeySet({ provider, clock, log, maxAgeMs: settings.keysMaxAgeMs });
      current = { settings, provider, keys };
    }
    return current;
  }

  return {
    settings: deps.settings,
    provider: (): Provider | undefined => parts()?.provider,
    /** Verifies a token of the provider that must be meant for `audience`. */
    async verify(token: string, audience: string): Promise<Verified> {
      const now = parts();
      if (now === undefined) return { ok: false, reason: 'no identity provider is configured' };
      return verifyToken(token, { audience, settings: now.settings, keys: now.keys, clock });
    },
  };
}
