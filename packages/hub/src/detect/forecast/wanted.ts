import type { ForecastDeclaration } from '@orrery/protocol';
import type { SeriesInfo } from '../../samples/index.ts';

/** What a product measures of what can run out, and of what it earns and spends: forecast without being asked. */
const WORDS = new Set(
  'disk filesystem storage inodes volume memory heap rss swap quota cost costs spend revenue mrr arr orders signups subscriptions'.split(
    ' ',
  ),
);

/** Whether a metric is of those that are forecast where nothing is declared: one word of its key says so. */
export const runsOut = (key: string): boolean =>
  key
    .toLowerCase()
    .split(/[^a-z]+/)
    .some((word) => WORDS.has(word));

type Wishes = {
  thresholds: readonly { metric: string; service?: string | undefined }[];
  forecasts?: ForecastDeclaration | undefined;
};

/**
 * The series of a project that are forecast: those with a threshold, those of what can run out, of money and of orders, and what is declared,
 * less what is excepted. Where a metric has an untagged series its tagged parts are left out, as they are from being judged.
 */
export function wantedOf(series: readonly SeriesInfo[], { thresholds, forecasts }: Wishes): SeriesInfo[] {
  const { also = [], except = [] } = forecasts ?? {};
  const wanted = series.filter(
    ({ key, service }) =>
      !except.some((pattern) => fits(pattern, key)) &&
      (also.some((pattern) => fits(pattern, key)) ||
        thresholds.some(
          (limit) => limit.metric === key && (limit.service === undefined || limit.service === service),
        ) ||
        runsOut(key)),
  );
  const whole = new Set(wanted.filter(({ tags }) => tags === undefined).map(nameOf));
  return wanted.filter((one) => one.tags === undefined || !whole.has(nameOf(one)));
}

const nameOf = ({ key, service }: SeriesInfo): string => JSON.stringify([key, service]);

/** A pattern is a key, or the beginning of one with `*` behind it. */
const fits = (pattern: string, key: string): boolean =>
  pattern.endsWith('*') ? key.startsWith(pattern.slice(0, -1)) : key === pattern;
