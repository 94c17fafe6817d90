import { MetricKey, ServiceName } from '@orrery/protocol';
import { LIMITS, type Refusal } from './limits.ts';

/** One measured value on its way in; `at` is epoch milliseconds, the time of arrival when absent. */
export type IncomingSample = {
  key: string;
  value: number | string;
  at?: number;
  service?: string;
  unit?: string;
  tags?: Readonly<Record<string, string>>;
};

/** Words for what is no number; a product that sends them as text means the number that is missing. */
const NOT_A_NUMBER = /^\s*[+-]?(nan|inf|infinity)\s*$/i;
/** Names under which JavaScript keeps its own things. */
const RESERVED = new Set(['__proto__', 'constructor', 'prototype']);
const COUNT_KEY = /[._](count|counts)$/;

/** Says why a value or its time cannot be stored; undefined when it can. */
export function refuseValue(sample: IncomingSample, receivedAt: number, rawRetentionMs: number): Refusal | undefined {
  const { value, at } = sample;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return 'non_finite';
    if (value > LIMITS.maxMagnitude || value < -LIMITS.maxMagnitude) return 'out_of_range';
    if (value < 0 && (sample.unit === 'count' || COUNT_KEY.test(sample.key))) return 'negative_count';
  } else {
    if (value.length > LIMITS.textLength) return 'oversized';
    if (NOT_A_NUMBER.test(value)) return 'non_finite';
  }
  if (at !== undefined) {
    if (!Number.isFinite(at)) return 'too_old';
    if (at > receivedAt + LIMITS.futureMs) return 'in_future';
    if (at < receivedAt - rawRetentionMs) return 'too_old';
  }
  return undefined;
}

/** Says why a series cannot exist under this name; undefined when it can. Asked once for each series, not for each sample. */
export function refuseSeries(sample: IncomingSample): Refusal | undefined {
  if (RESERVED.has(sample.key) || !MetricKey.safeParse(sample.key).success) return 'bad_key';
  if (sample.service !== undefined && !ServiceName.safeParse(sample.service).success) return 'bad_service';
  if (sample.unit !== undefined && sample.unit.length > LIMITS.unitLength) return 'oversized';
  return undefined;
}

/** Tags as canonical JSON (keys sorted), or why they cannot be kept. */
export function canonicalTags(tags: IncomingSample['tags']): { text: string } | { refusal: Refusal } {
  if (tags === undefined) return { text: '{}' };
  const keys = Object.keys(tags);
  if (keys.length === 0) return { text: '{}' };
  if (keys.length > LIMITS.tags) return { refusal: 'too_many_tags' };
  const parts: string[] = [];
  for (const key of keys.sort()) {
    const value = tags[key];
    if (key.length === 0 || key.length > LIMITS.tagKeyLength || RESERVED.has(key)) return { refusal: 'bad_tags' };
    if (typeof value !== 'string' || value.length > LIMITS.tagValueLength) return { refusal: 'bad_tags' };
    parts.push(`${JSON.stringify(key)}:${JSON.stringify(value)}`);
  }
  return { text: `{${parts.join(',')}}` };
}
