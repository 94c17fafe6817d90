import { z } from 'zod';
import type { Clock } from '../../platform/clock.ts';
import { HubError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import type { Outbound } from '../../platform/outbound.ts';
import type { OidcSettings } from './settings.ts';

const Discovery = z.object({
  issuer: z.string(),
  jwks_uri: z.url({ protocol: /^https?$/ }),
  authorization_endpoint: z.url({ protocol: /^https?$/ }).optional(),
  token_endpoint: z.url({ protocol: /^https?$/ }).optional(),
  token_endpoint_auth_methods_supported: z.array(z.string()).optional(),
  authorization_response_iss_parameter_supported: z.boolean().optional(),
});
export type Discovery = z.infer<typeof Discovery>;

const TIMEOUT_MS = 5000;
const MAX_BYTES = 256 * 1024;
const FRESH_MS = 10 * 60_000;
const COOL_DOWN_MS = 10_000;

export const providerAway = (): HubError =>
  new HubError('unavailable', 'The identity provider cannot be asked just now; try again.', { retryAfter: 5 });

export type Provider = ReturnType<typeof createProvider>;

/** What the provider publishes about itself, asked for when first needed and again every ten minutes. Everything it sends passes a schema. */
export function createProvider(deps: {
  outbound: Pick<Outbound, 'request'>;
  clock: Clock;
  log: Log;
  settings: OidcSettings;
}) {
  const { outbound, clock, log, settings } = deps;
  const { issuer } = settings;
  const { origin } = new URL(issuer);
  let known: { document: Discovery; at: number } | undefined;
  let asking: Promise<Discovery> | undefined;
  let failedAt = Number.NEGATIVE_INFINITY;

  /** One exchange with the provider. Its own origin was named by the operator; where its documents point to is judged like any target. */
  async function ask(url: string, more: { method?: string; headers?: Record<string, string>; body?: string } = {}) {
    const answer = await outbound.request({
      url,
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_BYTES,
      trusted: new URL(url).origin === origin,
      ...more,
      headers: { accept: 'application/json', ...more.headers },
    });
    const text = answer.body.toString('utf8');
    return { status: answer.status, json: (): unknown => JSON.parse(text) };
  }

  async function discover(): Promise<Discovery> {
    const { status, json } = await ask(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
    if (status !== 200) throw new Error(`discovery answered ${status}`);
    const document = Discovery.parse(json());
    if (document.issuer !== issuer)
      throw new Error('the discovery document names another issuer than the one that was configured');
    known = { document, at: clock.monotonic() };
    return document;
  }

  return {
    ask,
    /** The discovery document; an old one stays good while a new one cannot be had. Throws unavailable. */
    async discovery(): Promise<Discovery> {
      const now = clock.monotonic();
      if (known && (now - known.at < FRESH_MS || now - failedAt < COOL_DOWN_MS)) return known.document;
      if (!known && now - failedAt < COOL_DOWN_MS) throw providerAway();
      asking ??= discover().finally(() => {
        asking = undefined;
      });
      return asking.catch((error: unknown) => {
        failedAt = clock.monotonic();
        log.warn({ err: error, issuer }, 'the identity provider does not say what it is');
        if (known) return known.document;
        throw providerAway();
      });
    },
  };
}
