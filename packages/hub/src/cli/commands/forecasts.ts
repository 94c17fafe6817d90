import type { Forecast, ForecastDetail } from '@orrery/protocol';
import type { Command } from 'commander';
import { wholeNumber } from '../arguments.ts';
import { type ClientOptions, createClient, hubOptions } from '../client.ts';
import { ago, createOutput, type Output, table } from '../output.ts';
import { printable, type Terminal } from '../terminal.ts';

type ListOptions = ClientOptions & { project?: string; metric?: string; crossing?: boolean; limit: number };

export function registerForecasts(program: Command, terminal: Terminal): void {
  const forecasts = program
    .command('forecasts')
    .description('The next 72 hours of chosen metrics: which limit will be crossed, and how far off the method was.')
    .helpCommand(false);
  hubOptions(forecasts.command('list').description('Series that are forecast, those that will cross a limit first.'))
    .option('--project <slug>', 'only of this project')
    .option('--metric <key>', 'only this metric')
    .option('--crossing', 'only what will cross a limit')
    .option('--limit <n>', 'at most so many', wholeNumber(1, 10_000), 500)
    .action((options: ListOptions) => list(options, terminal));
  hubOptions(forecasts.command('show').description('One series: its next 72 hours, every six of them.'))
    .argument('<id>', 'an id from `orrery forecasts list`')
    .action(async (id: string, options: ClientOptions) => {
      const output = createOutput(terminal, options);
      const path = `/api/forecasts/${encodeURIComponent(id)}`;
      const forecast = await createClient(options, terminal).get<ForecastDetail>(path);
      output.answer(forecast, () => describe(forecast, output));
    });
}

const soonest = ({ crossings: [first] }: Forecast): number => first?.inHours ?? Number.POSITIVE_INFINITY;
const where = ({ project, service }: Forecast): string => (service === undefined ? project : `${project}/${service}`);
const value = (number: number | undefined, unit?: string): string =>
  number === undefined ? '–' : `${Number(number.toPrecision(4))}${unit === undefined ? '' : ` ${unit}`}`;
const share = (part: number | null | undefined): string =>
  typeof part === 'number' ? `${Math.round(part * 100)} %` : '–';
const error = ({ mase }: { mase?: number | null | undefined }): string =>
  typeof mase === 'number' ? mase.toFixed(2) : '–';

function crossing({ crossings: [first], state, reason, unit, limits }: Forecast): string {
  if (state !== 'ready') return printable(reason ?? state);
  if (!first) return limits === 0 ? 'no limit declared' : 'no limit in sight';
  const { threshold, inHours, confidence } = first;
  const side =
    threshold.above !== undefined ? `above ${value(threshold.above, unit)}` : `below ${value(threshold.below, unit)}`;
  return `${side} in ${inHours} h (${share(confidence)})`;
}

async function list(
  { project, metric, crossing: only, limit, ...options }: ListOptions,
  terminal: Terminal,
): Promise<void> {
  const output = createOutput(terminal, options);
  const items = await createClient(options, terminal).list<Forecast>(
    '/api/forecasts',
    { project, metric, crossing: only },
    limit,
  );
  items.sort((a, b) => soonest(a) - soonest(b));
  output.answer({ items }, () =>
    items.length === 0
      ? only
        ? 'No limit will be crossed, as far as is known.'
        : 'Nothing is forecast yet: see docs/forecasts.md for which metrics are.'
      : table(
          ['ID', 'SERVICE', 'METRIC', 'NOW', 'IN 72 H', 'METHOD', 'MASE', 'HELD', 'LIMIT'],
          items.map((forecast) => [
            forecast.id,
            where(forecast),
            printable(forecast.metric),
            value(forecast.last, forecast.unit),
            value(forecast.expected, forecast.unit),
            forecast.method ?? '–',
            error(forecast),
            share(forecast.coverage),
            crossing(forecast),
          ]),
          output.paint,
        ),
  );
}

function describe(forecast: ForecastDetail, { paint }: Output): string {
  const { unit, points, scores, method } = forecast;
  const head = [
    `${where(forecast)} ${printable(forecast.metric)}: ${crossing(forecast)}`,
    forecast.madeAt === undefined
      ? `tried ${ago(forecast.triedAt, Date.now())}`
      : `made ${ago(forecast.madeAt, Date.now())} by ${method}, from data until ${forecast.dataUntil}; its ${share(forecast.level)} interval held ${share(forecast.coverage)} in ${forecast.origins} backtests`,
    ...(scores.length === 0
      ? []
      : [`backtest error (MASE): ${scores.map((score) => `${score.method} ${error(score)}`).join(', ')}`]),
  ];
  if (points.length === 0) return head.join('\n');
  const rows = points
    .filter((_, hour) => hour % 6 === 5)
    .map((point) => [point.at, value(point.lower, unit), value(point.value, unit), value(point.upper, unit)]);
  return [...head, '', table(['HOUR', 'AT LEAST', 'EXPECTED', 'AT MOST'], rows, paint)].join('\n');
}
