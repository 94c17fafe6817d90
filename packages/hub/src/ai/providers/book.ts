import { createHash } from 'node:crypto';
import { type AiProviderDeclaration, parseDuration } from '@orrery/protocol';
import type { Clock } from '../../platform/clock.ts';
import type { ModelFacts, ProviderFacts } from '../routing/decide.ts';
import { FAMILIES, kindOf, type ProviderFamily } from './index.ts';
import { type BreakerOptions, createKey, type ProviderKey } from './keys.ts';
import { createStats, type Stats } from './stats.ts';

/** A declared provider, ready to be asked. */
export type Provider = {
  readonly name: string;
  readonly family: ProviderFamily;
  readonly origin: string;
  /** The path in front of every API's own. */
  readonly base: string;
  readonly priority: number;
  readonly weight: number;
  readonly local: boolean;
  readonly maxLatencyMs: number | undefined;
  readonly models: readonly ModelFacts[];
  readonly apis: AiProviderDeclaration['apis'] & object;
  readonly timeouts: {
    readonly connect: number;
    readonly first: number;
    readonly idle: number;
    readonly total: number;
  };
  readonly keys: readonly ProviderKey[];
  readonly stats: Stats;
};

const DEFAULTS = { connect: 5000, first: 60_000, idle: 30_000, total: 600_000 };

/** What is declared, as it runs: figures and breakers of a provider outlive a reload that leaves its URL and its keys alone. */
export function createBook(options: {
  clock: Clock;
  breaker: BreakerOptions;
  /** A key of a provider is to be left alone until then (epoch ms), or is well again (0). */
  onRest(provider: string, keyId: string, until: number): void;
}) {
  let providers: readonly Provider[] = [];
  const keys = new Map<string, ProviderKey>();
  const stats = new Map<string, Stats>();

  function keep<T>(map: Map<string, T>, id: string, make: () => T): T {
    const known = map.get(id) ?? make();
    map.set(id, known);
    return known;
  }

  function open(declared: AiProviderDeclaration): Provider {
    const family: ProviderFamily = FAMILIES[kindOf(declared)];
    const url = new URL(declared.url ?? family.url ?? '');
    const given = declared.keys ?? [declared.key];
    const ms = (text: string | undefined, other: number) =>
      text === undefined ? other : (parseDuration(text) ?? other);
    const { connect, first, idle, total } = declared.timeouts;
    return {
      name: declared.name,
      family,
      origin: url.origin,
      base: family.base(url),
      priority: declared.priority,
      weight: declared.weight,
      local: declared.local ?? family.local,
      maxLatencyMs: declared.max_latency_ms,
      models: declared.models.map((model) =>
        typeof model === 'string'
          ? {
              name: model,
              aliases: [],
              context: undefined,
              capabilities: ['tools', 'images', 'structured'],
              apis: undefined,
            }
          : { ...model, context: model.context, apis: model.apis },
      ),
      apis: declared.apis ?? [...family.apis],
      timeouts: {
        connect: ms(connect, DEFAULTS.connect),
        first: ms(first, declared.max_latency_ms ?? DEFAULTS.first),
        idle: ms(idle, DEFAULTS.idle),
        total: ms(total, DEFAULTS.total),
      },
      keys: given.map((key, i) => {
        const { key: secret, weight } = typeof key === 'object' ? key : { key, weight: 1 };
        const id = String(i + 1);
        // A breaker belongs to a key at a place; neither alone.
        const place = digest([declared.name, url.href, id, secret ?? '']);
        return keep(keys, place, () =>
          createKey(
            { id, secret, weight },
            { ...options.breaker, clock: options.clock, onChange: (until) => options.onRest(declared.name, id, until) },
          ),
        );
      }),
      stats: keep(stats, digest([declared.name, url.href]), () => createStats(options.clock)),
    };
  }

  return {
    /** Everything that holds from now on; calls under way go on as they began. */
    sync(declared: readonly AiProviderDeclaration[]): void {
      providers = declared.map(open).sort((a, b) => a.priority - b.priority);
    },
    all: (): readonly Provider[] => providers,
    find: (name: string): Provider | undefined => providers.find((provider) => provider.name === name),
  };
}
export type Book = ReturnType<typeof createBook>;

const digest = (parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url');

/** The provider as routing sees it. */
export function factsOf(provider: Provider): ProviderFacts {
  const usable = provider.keys.filter((key) => key.restMs() === 0);
  const rests = provider.keys.map((key) => key.restMs());
  const state = usable.some((key) => key.state() === 'closed') ? 'closed' : usable.length > 0 ? 'half-open' : 'resting';
  const { name, priority, weight, local, maxLatencyMs, apis, models, stats, family } = provider;
  return {
    ...{ name, priority, weight, local, maxLatencyMs, apis, models, state },
    listed: stats.listed(),
    owns: family.owns,
    restMs: Math.min(...rests),
    inFlight: stats.inFlight(),
    latencyMs: stats.latencyMs(),
  };
}

/** The key for the next call: of those that may be used the least busy by its weight, one that is well before one on trial. */
export function pickKey(provider: Provider): ProviderKey | undefined {
  const usable = provider.keys.filter((key) => key.restMs() === 0);
  const well = usable.filter((key) => key.state() === 'closed');
  let best: ProviderKey | undefined;
  for (const key of well.length > 0 ? well : usable)
    if (!best || (key.inFlight + 1) / key.weight < (best.inFlight + 1) / best.weight) best = key;
  return best;
}
