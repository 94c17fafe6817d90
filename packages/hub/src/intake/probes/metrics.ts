import { MAX_SAMPLES_PER_MESSAGE } from '@orrery/protocol';
import type { IncomingSample } from '../facts.ts';
import { isObject, isValue } from '../json.ts';

export type MetricsReading = { samples: IncomingSample[]; refused: Record<string, number> };

/** Reads the values of a metrics answer; what is neither number nor text is counted. Undefined when the answer is no metrics at all. */
export function readMetrics(json: unknown): MetricsReading | undefined {
  if (!isObject(json) || !isObject(json.metrics)) return undefined;
  const samples: IncomingSample[] = [];
  const refused: Record<string, number> = {};
  for (const [key, value] of Object.entries(json.metrics)) {
    const fits = samples.length < MAX_SAMPLES_PER_MESSAGE;
    if (fits && isValue(value)) samples.push({ key, value });
    else {
      const reason = fits ? 'bad_shape' : 'too_many';
      refused[reason] = (refused[reason] ?? 0) + 1;
    }
  }
  return { samples, refused };
}
