import { type Apdex, type PerformanceDeclaration, parseDuration } from '@orrery/protocol';
import { countUpTo } from './latency.ts';
import type { Measured } from './merge.ts';

/** T where nothing is declared. */
const DEFAULT_MS = 500;

/** T of a project and of its routes, in ms. */
export type Satisfied = { thresholdMs: number; routes: ReadonlyMap<string, number> };

export function satisfiedBy(declared: PerformanceDeclaration['apdex'] | undefined): Satisfied {
  return {
    thresholdMs: parseDuration(declared?.threshold ?? '') ?? DEFAULT_MS,
    routes: new Map(Object.entries(declared?.routes ?? {}).map(([route, text]) => [route, parseDuration(text) ?? 0])),
  };
}

/**
 * Pure: (satisfied + tolerating / 2) / all, where up to T satisfies, up to 4 T is tolerated, and whatever is slower or failed frustrates
 * (Apdex Alliance, Application Performance Index Technical Specification 1.1, 2007). Undefined without a request.
 */
export function apdexOf(
  measured: Pick<Measured, 'count' | 'latency' | 'failures'>,
  thresholdMs: number,
): Apdex | undefined {
  const { count, latency, failures } = measured;
  if (count === 0) return undefined;
  const good = (ms: number) => Math.max(countUpTo(latency, ms) - countUpTo(failures, ms), 0);
  const satisfied = good(thresholdMs);
  const tolerating = good(4 * thresholdMs) - satisfied;
  return sum(thresholdMs, count, satisfied, tolerating);
}

/** The score of a whole whose routes have limits of their own: their requests are added up, not their scores. */
export function apdexOfAll(routes: Iterable<Measured>, { thresholdMs, routes: own }: Satisfied): Apdex | undefined {
  const parts = [...routes].flatMap((route) => apdexOf(route, own.get(route.name) ?? thresholdMs) ?? []);
  const of = (key: 'requests' | 'satisfied' | 'tolerating') => parts.reduce((all, part) => all + part[key], 0);
  return parts.length === 0 ? undefined : sum(thresholdMs, of('requests'), of('satisfied'), of('tolerating'));
}

const sum = (thresholdMs: number, requests: number, satisfied: number, tolerating: number): Apdex => ({
  score: Math.round(((satisfied + tolerating / 2) / requests) * 1000) / 1000,
  thresholdMs,
  requests,
  satisfied,
  tolerating,
  frustrated: requests - satisfied - tolerating,
});
