import { describe, expect, test } from 'vitest';
import { createPrices } from './prices.ts';

const at = Date.parse('2026-06-01T12:00:00Z');
const prices = createPrices(() => [{ provider: 'own', model: 'big-*', input: 2, output: 8, cacheRead: 0.5 }]);

describe('what a call costs', () => {
  test.each([
    [
      'the table',
      'anthropic',
      'claude-sonnet-4-20250514',
      { inputTokens: 1000, outputTokens: 100 },
      3_000_000 + 1_500_000,
    ],
    [
      'a provider of another name',
      'claude',
      'claude-sonnet-4-20250514',
      { inputTokens: 1000, outputTokens: 100 },
      4_500_000,
    ],
    [
      'cache tokens inside the input',
      'anthropic',
      'claude-sonnet-4-20250514',
      { inputTokens: 1000, outputTokens: 0, cacheReadTokens: 600, cacheWriteTokens: 300 },
      100 * 3000 + 600 * 300 + 300 * 3750,
    ],
    [
      'a long prompt at its tier',
      'google',
      'gemini-2.5-pro',
      { inputTokens: 200_001, outputTokens: 1 },
      200_001 * 2500 + 15_000,
    ],
    [
      'a short prompt below it',
      'google',
      'gemini-2.5-pro',
      { inputTokens: 200_000, outputTokens: 1 },
      200_000 * 1250 + 10_000,
    ],
    ['embeddings', 'openai', 'text-embedding-3-small', { inputTokens: 1000, outputTokens: 0 }, 20_000],
    [
      "the operator's price",
      'own',
      'big-7',
      { inputTokens: 10, outputTokens: 10, cacheReadTokens: 4 },
      6 * 2000 + 4 * 500 + 10 * 8000,
    ],
    ['more cache tokens than input', 'own', 'big-7', { inputTokens: 1, outputTokens: 0, cacheReadTokens: 4 }, 4 * 500],
  ])('by %s', (_, provider, model, usage, nano) => {
    expect(prices.cost(provider, model, false, usage, at)?.nano).toBe(nano);
  });

  test('of a model that nobody knows is unknown, not nothing', () => {
    expect(prices.cost('own', 'nobody-knows-it', false, { inputTokens: 5, outputTokens: 5 }, at)).toBeUndefined();
  });

  test('of a local model is nothing, unless the operator says what it is', () => {
    const usage = { inputTokens: 1000, outputTokens: 0 };
    expect(prices.cost('ollama', 'gpt-4o', true, usage, at)).toEqual({ nano: 0, source: 'local' });
    expect(prices.cost('own', 'big-1', true, usage, at)).toEqual({ nano: 2_000_000, source: 'orrery.yaml' });
  });

  test('says whose price it is, and of which version', () => {
    expect(prices.cost('openai', 'gpt-4o', false, { inputTokens: 1, outputTokens: 0 }, at)?.source).toMatch(
      /^genai-prices@\d+\.\d+\.\d+$/,
    );
  });

  test('is reserved for the dearest of the candidates, its prompt written to the cache', () => {
    const candidates = [
      { provider: 'anthropic', model: 'claude-sonnet-4-20250514', local: false },
      { provider: 'ollama', model: 'llama3', local: true },
      { provider: 'own', model: 'nobody-knows-it', local: false },
    ];
    expect(prices.dearest(candidates, { inputTokens: 1000, maxOutputTokens: 100 }, at)).toBe(3_750_000 + 1_500_000);
  });
});
