import type { TierMap } from '@orrery/protocol';
import type { IncomingSample } from './accept.ts';
import { LIMITS } from './limits.ts';

const TIER = /^[1-9]\d{0,2}$/;

/**
 * Pure: samples that carry a tier get its platform as a tag. A tier stands in the tag `tier`, or in `platform` itself, where the SDK's tracer
 * puts it; a platform that was named is left as it is.
 */
export function withPlatform(samples: readonly IncomingSample[], tiers: TierMap): readonly IncomingSample[] {
  const platformOf = (tags: Readonly<Record<string, unknown>>): string | undefined => {
    const tier = tags.platform ?? tags.tier;
    return typeof tier === 'string' && TIER.test(tier) ? tiers[tier] : undefined;
  };
  return samples.map((sample) => {
    const { tags } = sample;
    const platform = tags && platformOf(tags);
    if (tags === undefined || platform === undefined) return sample;
    // One that has no room for another tag is stored as it came.
    const isFull = tags.platform === undefined && Object.keys(tags).length >= LIMITS.tags;
    return isFull ? sample : { ...sample, tags: { ...tags, platform } };
  });
}
