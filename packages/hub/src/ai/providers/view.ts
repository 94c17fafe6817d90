import type { AiProviderView } from '@orrery/protocol';
import { type Clock, iso, isoOrNull } from '../../platform/clock.ts';
import { maskUrl } from '../../platform/urls.ts';
import type { Provider } from './book.ts';

/** How long a failure makes a provider degraded. */
const RECENT_MS = 60_000;

/** A provider for people who look: how it is, never its keys. */
export function viewOf(provider: Provider, clock: Clock): AiProviderView {
  const { stats } = provider;
  const { okAt, failureAt, failure } = stats.last();
  const { inFlight, calls, failures } = stats.counts();
  const now = clock.now();
  const keys = provider.keys.map((key) => {
    const rest = key.restMs();
    return { id: key.id, breaker: key.state(), restsUntil: rest > 0 ? iso(now + rest) : null };
  });
  const latencyMs = stats.latencyMs();
  return {
    name: provider.name,
    kind: provider.family.kind,
    origin: maskUrl(provider.origin),
    local: provider.local,
    priority: provider.priority,
    weight: provider.weight,
    maxLatencyMs: provider.maxLatencyMs ?? null,
    models:
      provider.models.length > 0
        ? provider.models.map(({ name, aliases }) => ({ name, aliases: [...aliases] }))
        : [...stats.listed()].map((name) => ({ name, aliases: [] })),
    apis: [...provider.apis],
    ...stateOf(provider, keys, now),
    inFlight,
    latencyMs: latencyMs === undefined ? null : Math.round(latencyMs * 10) / 10,
    calls,
    failures,
    lastOkAt: isoOrNull(okAt ?? null),
    lastFailureAt: isoOrNull(failureAt ?? null),
    lastFailure: failure ?? null,
    keys,
  };
}

function stateOf(
  provider: Provider,
  keys: AiProviderView['keys'],
  now: number,
): Pick<AiProviderView, 'state' | 'detail'> {
  const { okAt = 0, failureAt = 0, failure } = provider.stats.last();
  const probe = provider.stats.probe();
  const resting = keys.filter(({ restsUntil }) => restsUntil !== null).length;
  if (resting === keys.length) return { state: 'down', detail: failure ?? 'every key rests' };
  if (resting > 0 || keys.some(({ breaker }) => breaker !== 'closed'))
    return { state: 'degraded', detail: failure ?? 'a key rests' };
  if (probe && !probe.ok && okAt < now - RECENT_MS) return { state: 'down', detail: probe.detail };
  if (failureAt > okAt && failureAt > now - RECENT_MS)
    return { state: 'degraded', detail: failure ?? 'it failed lately' };
  return okAt > 0 || probe?.ok ? { state: 'healthy' } : { state: 'unknown' };
}
