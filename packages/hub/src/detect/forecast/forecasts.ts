import type { Forecast } from '@orrery/protocol';
import type { Caller } from '../../access/index.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Db } from '../../platform/db.ts';
import type { Log } from '../../platform/log.ts';
import type { Samples } from '../../samples/index.ts';
import type { Watched } from '../gather.ts';
import { createCrew } from './crew.ts';
import { createForecastFacts } from './facts.ts';
import { type ForecastFilter, getForecast, listForecasts } from './list.ts';
import { runDue } from './run.ts';

export type Forecasts = ReturnType<typeof createForecasts>;

/** The next 72 hours of chosen series, reckoned in a thread of their own: run, list, and what they say of declared limits. */
export function createForecasts(deps: {
  db: Db;
  clock: Clock;
  log: Log;
  samples: Pick<Samples, 'seriesOf' | 'hourly'>;
  watched: () => ReadonlyMap<string, Watched>;
}) {
  const crew = createCrew();
  const facts = createForecastFacts(deps);
  const read = { ...deps, crossing: facts.crossing };
  return {
    /** Forecasts what is due; returns how many series were tried. */
    async run(signal?: AbortSignal): Promise<number> {
      const tried = await runDue({ ...deps, crew }, signal);
      if (tried > 0) facts.forget();
      return tried;
    },
    list: (caller: Caller, filter: ForecastFilter = {}) => listForecasts(read, caller, filter),
    /** So many of them, those first that will cross a limit. */
    async first(caller: Caller, limit: number): Promise<Forecast[]> {
      const { items } = await listForecasts(read, caller, { limit, crossing: true });
      if (items.length === limit) return items;
      const others = await listForecasts(read, caller, { limit });
      const known = new Set(items.map(({ id }) => id));
      return [...items, ...others.items.filter(({ id }) => !known.has(id))].slice(0, limit);
    },
    get: (caller: Caller, id: string) => getForecast(read, caller, id),
    facts: facts.look,
    forget: facts.forget,
    close: crew.rest,
  };
}
