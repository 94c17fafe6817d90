import { parseDuration } from '@orrery/protocol';
import { OutboundError } from '../../platform/outbound.ts';
import type { Outcome } from './probe.ts';

/** Reads a duration that the protocol's schema has checked. */
export const ms = (text: string): number => parseDuration(text) ?? 0;

/** A URL as it may be shown: user, password and the values of its query masked. */
export function shown(url: string): string {
  const location = new URL(url);
  if (location.username || location.password) {
    location.username = '***';
    location.password = '';
  }
  for (const name of [...location.searchParams.keys()]) location.searchParams.set(name, '***');
  return location.href.replace(/\*{3}|%2A%2A%2A/g, '***');
}

/** The outcome of an exchange that failed: what was asked, and what became of it. Anything but a failed exchange is a defect and thrown on. */
export function failed(what: string, error: unknown, latencyMs: number): Outcome {
  if (!(error instanceof OutboundError)) throw error;
  return {
    status: 'down',
    latencyMs: error.kind === 'timeout' ? latencyMs : null,
    reason: `${what}: ${error.message}`,
    heard: false,
  };
}

/** `200–299`, `200, 204`. */
export const expected = (accepted: readonly number[] | undefined): string => accepted?.join(', ') ?? '200–299';

export const isAccepted = (status: number, accepted: readonly number[] | undefined): boolean =>
  accepted ? accepted.includes(status) : status >= 200 && status < 300;

export const tooSlow = (latencyMs: number, slowAfterMs: number | undefined): string | undefined =>
  slowAfterMs !== undefined && latencyMs > slowAfterMs
    ? `answered in ${Math.round(latencyMs)} ms, slower than ${slowAfterMs} ms`
    : undefined;
