import { describe, expect, test } from 'vitest';
import { decide, type ModelFacts, type ProviderFacts, type Question } from './decide.ts';
import { drawArm } from './split.ts';

const model = (name: string, more: Partial<ModelFacts> = {}): ModelFacts => ({
  ...{ name, aliases: [], context: undefined, capabilities: ['tools', 'images', 'structured'], apis: undefined },
  ...more,
});
const provider = (name: string, priority: number, more: Partial<ProviderFacts> = {}): ProviderFacts => ({
  ...{ name, priority, weight: 1, local: false, maxLatencyMs: undefined, apis: ['chat'], models: [model(`${name}-m`)] },
  ...{ listed: new Set<string>(), owns: undefined, state: 'closed', restMs: 0, inFlight: 0, latencyMs: undefined },
  ...more,
});
const question = (more: Partial<Question> = {}): Question => ({
  ...{ model: 'auto', api: 'chat', needs: [], inputTokens: 100, maxOutputTokens: 100, localOnly: false },
  ...{ maxLatencyMs: undefined, maxCostUsd: undefined, fallback: 'any' },
  sticky: { user: 'u', key: 'k', tenant: 't' },
  ...more,
});
/** Claude, Ollama, GPT: the order of the seed. */
const seed = [
  provider('claude', 1, { apis: ['messages'] }),
  provider('ollama', 2, { local: true }),
  provider('openai', 3, { apis: ['chat', 'responses', 'embeddings'] }),
];
const free = () => null;
const order = (
  asked: Partial<Question>,
  providers: readonly ProviderFacts[] = seed,
  price: (p: string) => number | null = free,
) => decide(question(asked), providers, [], price).candidates.map((one) => one.provider);
const set = (name: string, more: Partial<ProviderFacts>) =>
  seed.map((one) => (one.name === name ? { ...one, ...more } : one));

describe('which providers are asked, in which order', () => {
  test.each<[string, Partial<Question>, readonly ProviderFacts[], string[]]>([
    ['no model: by priority', {}, seed, ['claude', 'ollama', 'openai']],
    ['a model: its provider first, the others stand in', { model: 'openai-m' }, seed, ['openai', 'claude', 'ollama']],
    ['no stand-ins where the operator wants none', { model: 'openai-m', fallback: 'same' }, seed, ['openai']],
    ['provider/model: that one alone', { model: 'ollama/ollama-m' }, seed, ['ollama']],
    ['a name that nobody has: nobody', { model: 'x' }, seed, []],
    ['local only', { localOnly: true }, seed, ['ollama']],
    ['one that rests is left out', {}, set('claude', { state: 'resting', restMs: 5000 }), ['ollama', 'openai']],
    ['one on trial is asked', {}, set('claude', { state: 'half-open' }), ['claude', 'ollama', 'openai']],
    [
      'a breach of the promised latency puts one behind',
      {},
      set('claude', { maxLatencyMs: 100, latencyMs: 200 }),
      ['ollama', 'openai', 'claude'],
    ],
    [
      'a promise that is kept does not',
      {},
      set('claude', { maxLatencyMs: 300, latencyMs: 200 }),
      ['claude', 'ollama', 'openai'],
    ],
    [
      'the caller’s longest time leaves out who is slower',
      { maxLatencyMs: 150 },
      set('claude', { latencyMs: 200 }),
      ['ollama', 'openai'],
    ],
    [
      'too long for its context',
      { inputTokens: 950 },
      set('claude', { models: [model('m', { context: 1000 })] }),
      ['ollama', 'openai'],
    ],
    [
      'a capability that it lacks',
      { needs: ['tools'] },
      set('ollama', { models: [model('m', { capabilities: [] })] }),
      ['claude', 'openai'],
    ],
    ['embeddings: who makes them', { api: 'embeddings', model: 'openai-m' }, seed, ['openai']],
    ['responses are carried by chat and messages', { api: 'responses' }, seed, ['claude', 'ollama', 'openai']],
  ])('%s', (_, asked, providers, expected) => {
    expect(order(asked, providers)).toEqual(expected);
  });

  test.each<[string, Partial<ProviderFacts>, Partial<ProviderFacts>, string]>([
    ['less load', { inFlight: 3 }, { inFlight: 1 }, 'b'],
    ['load by weight', { inFlight: 3, weight: 8 }, { inFlight: 1 }, 'a'],
    ['less latency', { latencyMs: 90 }, { latencyMs: 30 }, 'b'],
    ['load before latency', { inFlight: 1, latencyMs: 1 }, { latencyMs: 900 }, 'b'],
    ['priority before load', { inFlight: 9 }, { priority: 2 }, 'a'],
  ])('of two of one priority the one with %s', (_, a, b, first) => {
    expect(order({}, [provider('a', 1, a), provider('b', 1, b)])[0]).toBe(first);
  });

  test('cost decides last, and what has no price cannot keep a limit on cost', () => {
    const two = [provider('a', 1), provider('b', 1)];
    const price = (name: string) => (name === 'a' ? 0.02 : 0.01);
    expect(order({}, two, price)).toEqual(['b', 'a']);
    expect(order({ maxCostUsd: 0.015 }, two, price)).toEqual(['b']);
    expect(order({ maxCostUsd: 0.015 }, two, free)).toEqual([]);
    expect(order({ maxCostUsd: 0 }, seed, free)).toEqual(['ollama']);
  });

  test('says why, for everyone that is left out', () => {
    const rested = set('claude', { state: 'resting', restMs: 4200 });
    const decision = decide(question({ model: 'claude-m', fallback: 'same' }), rested, [], free);
    expect(decision.leftOut).toEqual([
      { provider: 'claude', reason: 'rests for 5 s' },
      { provider: 'ollama', reason: 'has no model claude-m' },
      { provider: 'openai', reason: 'has no model claude-m' },
    ]);
    expect(decision.none?.code).toBe('resting');
    expect(decision.retryAfterMs).toBe(4200);
    expect(decide(question(), [], [], free).none?.code).toBe('no_provider');
    expect(decide(question({ model: 'x' }), seed, [], free).none?.code).toBe('model_not_found');
  });

  test('aliases, listed models and Ollama’s tags are names too', () => {
    const alias = [provider('a', 1, { models: [model('m', { aliases: ['fast'] })] })];
    expect(decide(question({ model: 'fast' }), alias, [], free).candidates[0]?.model).toBe('m');
    const listing = [provider('o', 1, { models: [], listed: new Set(['llama3:latest']) })];
    expect(decide(question({ model: 'llama3' }), listing, [], free).candidates[0]?.model).toBe('llama3');
  });
});

describe('a split', () => {
  const split = {
    ...{ name: 'trial', model: 'assistant', sticky: 'user' as const },
    arms: [
      { model: 'claude-m', weight: 3 },
      { model: 'openai-m', weight: 1 },
    ],
  };
  test('sends shares by weight, and the same one to the same arm', () => {
    const people = Array.from({ length: 4000 }, (_, i) => `user-${i}`);
    const first = people.map((who) => drawArm(split, who)?.model);
    const share = first.filter((arm) => arm === 'claude-m').length / people.length;
    expect(share).toBeGreaterThan(0.72);
    expect(share).toBeLessThan(0.78);
    expect(people.map((who) => drawArm(split, who)?.model)).toEqual(first);
  });
  test('a new arm moves only those whom it wins', () => {
    const wider = { ...split, arms: [...split.arms, { model: 'ollama-m', weight: 1 }] };
    for (let i = 0; i < 500; i++) {
      const [before, after] = [drawArm(split, `u${i}`)?.model, drawArm(wider, `u${i}`)?.model];
      if (after !== 'ollama-m') expect(after).toBe(before);
    }
  });
  test('is told in the decision', () => {
    const decision = decide(question({ model: 'assistant' }), seed, [split], free);
    expect(decision.split).toEqual({ name: 'trial', arm: decision.candidates[0]?.model });
  });
});
