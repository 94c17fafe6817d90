import { DEFAULT_TIERS } from '@orrery/protocol';
import { expect, it } from 'vitest';
import { LIMITS } from './limits.ts';
import { withPlatform } from './platform.ts';

const tagsOf = (tags: Record<string, string> | undefined, tiers = DEFAULT_TIERS) =>
  withPlatform([{ key: 'requests.per_min', value: 1, ...(tags ? { tags } : {}) }], tiers)[0]?.tags;
const full = Object.fromEntries(Array.from({ length: LIMITS.tags - 1 }, (_, i) => [`t${i}`, 'x']));

it.each([
  ['the tag tier', { tier: '5', zone: 'a' }, { tier: '5', zone: 'a', platform: 'tackle.io' }],
  ['the tracer’s platform that is a tier', { platform: '1' }, { platform: 'leadsite.ai' }],
  ['a platform that was named', { platform: 'own.example', tier: '5' }, { platform: 'own.example', tier: '5' }],
  ['a tier of no platform', { tier: '77' }, { tier: '77' }],
  ['what is no tier', { tier: 'constructor' }, { tier: 'constructor' }],
  ['a tier written another way', { tier: '05' }, { tier: '05' }],
  ['no tags', undefined, undefined],
  ['no room for another tag', { ...full, tier: '5' }, { ...full, tier: '5' }],
])('%s', (_, tags, expected) => expect(tagsOf(tags as Record<string, string>)).toEqual(expected));

it('follows the map that the file states', () =>
  expect(tagsOf({ tier: '9' }, { 9: 'nine.example' })).toEqual({ tier: '9', platform: 'nine.example' }));
