import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { PriceDeclaration } from '@orrery/protocol';
import { glob } from '../../platform/glob.ts';
import type { Candidate, Usage } from '../types.ts';

const read = createRequire(import.meta.url);
type Library = typeof import('@pydantic/genai-prices');
type Rate = number | { base: number; tiers: { start: number; price: number }[] };
/** Prices of one model, in US dollars for a million tokens: a tenth of a cent for a thousand is 1. */
type Rates = { input: Rate; output: Rate; cacheRead: Rate; cacheWrite: Rate; source: string };

/** What a call costs. `nano` is in billionths of a US dollar; `source` says whose price that is. */
export type Cost = { nano: number; source: string };
export type Prices = {
  /** undefined: nobody knows a price, which is not the same as free. */
  cost(provider: string, model: string, local: boolean, usage: Usage, at: number): Cost | undefined;
  /** The most that a call may cost at any of the candidates, in billionths of a dollar; what has no price counts as nothing. */
  dearest(
    candidates: readonly Candidate[],
    estimate: { inputTokens: number; maxOutputTokens: number },
    at: number,
  ): number;
};

/** Prices change at midnight somewhere: what was looked up is looked up again after an hour. */
const KEPT_MS = 3_600_000;
const KEPT_RATES = 2000;
const OWN = 'orrery.yaml';

/** The version of the table that is bundled; the package does not hand it out. */
function version(): string {
  const folder = dirname(dirname(read.resolve('@pydantic/genai-prices')));
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version;
}

/** Prices by the operator's own list, then by the table of genai-prices. Looking a model up takes 80 µs, so rates are kept. */
export function createPrices(overrides: () => readonly PriceDeclaration[]): Prices {
  const kept = new Map<string, { rates: Rates | undefined; until: number; of: readonly PriceDeclaration[] }>();
  let library: { calcPrice: Library['calcPrice']; source: string } | undefined;

  function lookUp(provider: string, model: string, at: number): Rates | undefined {
    const own = overrides().find((one) => (one.provider ?? provider) === provider && glob(one.model, model));
    if (own)
      return {
        input: own.input,
        output: own.output,
        cacheRead: own.cacheRead ?? own.input,
        cacheWrite: own.cacheWrite ?? own.input,
        source: OWN,
      };
    library ??= {
      calcPrice: (read('@pydantic/genai-prices') as Library).calcPrice,
      source: `genai-prices@${version()}`,
    };
    const { calcPrice, source } = library;
    const nothing = { input_tokens: 0, output_tokens: 0 };
    const timestamp = new Date(at);
    // A provider of the operator's naming is none that the table knows: then the model's own name tells.
    const found =
      calcPrice(nothing, model, { providerId: provider, timestamp }) ?? calcPrice(nothing, model, { timestamp });
    if (!found) return undefined;
    const { input_mtok: input, output_mtok: output, cache_read_mtok, cache_write_mtok } = found.model_price;
    if (input === undefined) return undefined;
    return {
      input,
      output: output ?? 0,
      cacheRead: cache_read_mtok ?? input,
      cacheWrite: cache_write_mtok ?? input,
      source,
    };
  }

  function ratesOf(provider: string, model: string, at: number): Rates | undefined {
    const name = `${provider}\n${model}`;
    const known = kept.get(name);
    if (known && known.until > at && known.of === overrides()) return known.rates;
    const rates = lookUp(provider, model, at);
    // Models are named by callers: what is kept of them is bounded.
    if (kept.size >= KEPT_RATES) kept.clear();
    kept.set(name, { rates, until: at + KEPT_MS, of: overrides() });
    return rates;
  }

  function cost(provider: string, model: string, local: boolean, usage: Usage, at: number): Cost | undefined {
    const rates = ratesOf(provider, model, at);
    // What runs on machines of one's own sends no bill, whatever others ask for the same model.
    if (local && rates?.source !== OWN) return { nano: 0, source: 'local' };
    return rates && { nano: nanoOf(rates, usage), source: rates.source };
  }

  return {
    cost,
    dearest(candidates, { inputTokens, maxOutputTokens }, at) {
      let most = 0;
      for (const { provider, model, local } of candidates) {
        const usage = { inputTokens, outputTokens: maxOutputTokens };
        const plain = cost(provider, model, local, usage, at)?.nano ?? 0;
        // Writing a prompt to the provider's cache is dearer than reading it plainly.
        const written = cost(provider, model, local, { ...usage, cacheWriteTokens: inputTokens }, at)?.nano ?? 0;
        most = Math.max(most, plain, written);
      }
      return most;
    },
  };
}

/** One dollar for a million tokens is a thousand billionths for one. Cache tokens are part of the input tokens. */
function nanoOf(rates: Rates, usage: Usage): number {
  const { inputTokens, outputTokens, cacheReadTokens = 0, cacheWriteTokens = 0 } = usage;
  const plain = Math.max(0, inputTokens - cacheReadTokens - cacheWriteTokens);
  const rate = (of: Rate) => (typeof of === 'number' ? of : tier(of, inputTokens));
  return Math.round(
    1000 *
      (plain * rate(rates.input) +
        cacheReadTokens * rate(rates.cacheRead) +
        cacheWriteTokens * rate(rates.cacheWrite) +
        outputTokens * rate(rates.output)),
  );
}

/** Of long prompts all tokens cost what the tier says that the prompt reaches. */
function tier(
  { base, tiers }: { base: number; tiers: { start: number; price: number }[] },
  inputTokens: number,
): number {
  let price = base;
  for (const one of tiers) if (inputTokens > one.start) price = one.price;
  return price;
}
