import { parseShallowJson } from '../../platform/json.ts';
import type { IncomingSample } from '../facts.ts';
import { isObject, isReserved } from '../json.ts';

export type QueryReading = { samples: IncomingSample[]; refused: Record<string, number>; problem?: string };

/** Series that one query may bring. */
const MAX_SERIES = 1000;
/** Prometheus' own names of what went wrong; its sentence is not repeated, since anybody may sit behind an address. */
const ERRORS: Readonly<Record<string, string>> = {
  bad_data: 'was refused: it is no valid PromQL, or a parameter is wrong',
  timeout: 'took too long on the server',
  canceled: 'was cancelled by the server',
  execution: 'could not be carried out',
  unavailable: 'was refused: the server is not ready',
  internal: 'failed inside the server',
  not_found: 'was refused: there is no such thing',
};

/** Reads the answer of `/api/v1/query`: an instant vector, a scalar or a text. What is no finite number is counted. */
export function readQueryAnswer(
  status: number,
  text: string,
  wish: { metric: string; unit?: string | undefined },
): QueryReading {
  const nothing = { samples: [], refused: {} };
  const json = parseShallowJson(text);
  const data = isObject(json) && json.status === 'success' && isObject(json.data) ? json.data : undefined;
  if (!data) {
    const type = isObject(json) && typeof json.errorType === 'string' ? json.errorType : '';
    const words = Object.hasOwn(ERRORS, type) ? ERRORS[type] : undefined;
    const problem = words ? `${words} (${type}, HTTP ${status})` : `was answered HTTP ${status} with no result`;
    return { ...nothing, problem };
  }
  const { resultType, result } = data;
  if (resultType === 'scalar' || resultType === 'string')
    return collect([{ metric: {}, value: result }], wish, resultType === 'string');
  if (resultType === 'vector' && Array.isArray(result)) return collect(result, wish, false);
  const kind =
    resultType === 'matrix' ? 'a range of values, expected one value per series' : 'a result of no known type';
  return { ...nothing, problem: `was answered with ${kind}` };
}

function collect(
  entries: readonly unknown[],
  { metric, unit }: { metric: string; unit?: string | undefined },
  asText: boolean,
): QueryReading {
  const reading: QueryReading = { samples: [], refused: {} };
  const refuse = (reason: string, count = 1) => {
    reading.refused[reason] = (reading.refused[reason] ?? 0) + count;
  };
  if (entries.length > MAX_SERIES) refuse('too_many', entries.length - MAX_SERIES);
  for (const entry of entries.slice(0, MAX_SERIES)) {
    const pair = isObject(entry) && Array.isArray(entry.value) ? entry.value : [];
    const written: unknown = pair[1];
    const value = typeof written === 'string' && !asText && written !== '' ? Number(written) : written;
    const tags = isObject(entry) && isObject(entry.metric) ? tagsOf(entry.metric) : undefined;
    if (pair.length !== 2 || typeof written !== 'string' || !tags) refuse('bad_shape');
    else if (typeof value === 'number' && !Number.isFinite(value)) refuse('non_finite');
    else if (typeof value === 'number' || asText)
      reading.samples.push({
        key: metric,
        value: value as number | string,
        ...(Object.keys(tags).length > 0 ? { tags } : {}),
        ...(unit === undefined ? {} : { unit }),
      });
    else refuse('bad_shape');
  }
  return reading;
}

/** Labels as tags, without the name of the metric; undefined when they are none. */
function tagsOf(labels: Readonly<Record<string, unknown>>): Record<string, string> | undefined {
  const tags: Record<string, string> = {};
  for (const [name, value] of Object.entries(labels)) {
    if (typeof value !== 'string' || isReserved(name)) return undefined;
    if (name !== '__name__' && value !== '') tags[name] = value;
  }
  return tags;
}
