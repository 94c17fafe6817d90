import type { Forecast, ForecastCrossing } from '@orrery/protocol';
import { formatMetric, NONE } from '../ui/format.ts';
import type { Tone } from '../ui/state.ts';

/** Where a series is from: `shop/db`, with what tells it from its siblings. */
export const whereOf = ({ project, service, tags }: Pick<Forecast, 'project' | 'service' | 'tags'>): string =>
  [
    service === undefined ? project : `${project}/${service}`,
    ...Object.entries(tags ?? {}).map((tag) => tag.join('=')),
  ].join(' · ');

export const amount = ({ metric, unit }: Pick<Forecast, 'metric' | 'unit'>, value: number | undefined): string =>
  value === undefined ? NONE : formatMetric(metric, unit, value);

export const share = (part: number | null | undefined): string =>
  typeof part === 'number' ? `${Math.round(part * 100)}%` : NONE;

export const errorOf = ({ mase }: { mase?: number | null | undefined }): string =>
  typeof mase === 'number' ? mase.toFixed(2) : NONE;

/** A threshold in words: `above 90%`. */
export const sideOf = (
  series: Pick<Forecast, 'metric' | 'unit'>,
  { above, below }: { above?: number | undefined; below?: number | undefined },
): string => (above === undefined ? `below ${amount(series, below)}` : `above ${amount(series, above)}`);

/** What a forecast comes to, as one state: the next limit that it crosses, that there is none, or why nobody knows. */
export function outlook(forecast: Forecast): { tone: Tone; word: string } {
  if (forecast.state === 'failed') return { tone: 'bad', word: `Failed: ${forecast.reason ?? 'no reason is known'}` };
  if (forecast.state === 'not_enough_data') return { tone: 'none', word: `Not enough data: ${forecast.reason}` };
  const [first] = forecast.crossings;
  if (!first)
    return forecast.limits === 0
      ? { tone: 'quiet', word: 'No limit declared' }
      : { tone: 'ok', word: 'No limit in sight' };
  return { tone: first.confidence >= 0.8 ? 'warn' : 'quiet', word: crossingText(forecast, first) };
}

export function crossingText(series: Pick<Forecast, 'metric' | 'unit'>, crossing: ForecastCrossing): string {
  const when = crossing.inHours < 1 ? 'within the hour' : `in about ${crossing.inHours} h`;
  return `${sideOf(series, crossing.threshold)} ${when}, ${share(crossing.confidence)} sure`;
}

/** What is soonest first; what is not known last. */
export const urgency = ({ state, crossings: [first] }: Forecast): number =>
  first?.inHours ?? (state === 'ready' ? 1000 : 2000);

/** Every word of the text is in the series' name or place. */
export function matches(forecast: Forecast, text: string): boolean {
  const name = `${whereOf(forecast)} ${forecast.metric}`.toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => name.includes(word));
}
