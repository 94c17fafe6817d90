import { parseDuration, type TlsOptions } from '@orrery/protocol';
import type { OutboundTls } from '../../platform/outbound.ts';
import { OutboundError } from '../../platform/outbound.ts';
import { maskUrl } from '../../platform/urls.ts';
import type { Outcome, ProbeSpec } from './probe.ts';

/** Reads a duration that the protocol's schema has checked. */
export const ms = (text: string): number => parseDuration(text) ?? 0;

type Timed = { interval: string; timeout: string; failAfter: number; recoverAfter: number };

/** What every probe that asks a target declares of its times, in ms. */
export const timing = (declared: Timed): Omit<ProbeSpec, 'target'> => ({
  intervalMs: ms(declared.interval),
  everyMs: ms(declared.interval),
  timeoutMs: ms(declared.timeout),
  failAfter: declared.failAfter,
  recoverAfter: declared.recoverAfter,
});

export const slowAfterMs = (declared: { slowAfter?: string | undefined }): number | undefined =>
  declared.slowAfter === undefined ? undefined : ms(declared.slowAfter);

/** A URL as it may be shown: user, password and the values of its query masked. */
export const shown = (url: string): string => maskUrl(url, { everyValue: true });

/** `host:port`, with brackets where an address needs them. */
export const hostAndPort = (host: string, port: number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

type HttpAuth = {
  headers?: Readonly<Record<string, string>> | undefined;
  basicAuth?: { username: string; password: string } | undefined;
  bearer?: string | undefined;
};

/** The headers that a declaration asks for; a bearer token or user name and password stand above a header of the same name. */
export function headersOf({ headers, basicAuth, bearer }: HttpAuth): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {})) result[name.toLowerCase()] = value;
  if (basicAuth)
    result.authorization = `Basic ${Buffer.from(`${basicAuth.username}:${basicAuth.password}`).toString('base64')}`;
  if (bearer !== undefined) result.authorization = `Bearer ${bearer}`;
  return result;
}

/** The declared TLS options as the way out wants them. */
export const tlsOf = (declared: TlsOptions | undefined): OutboundTls | undefined =>
  declared && { ca: declared.ca, cert: declared.cert, key: declared.key, servername: declared.serverName };

/** The outcome of an exchange that failed: what was asked, and what became of it. Anything else (a defect, a hub at its end) is thrown on and proves nothing. */
export function failed(what: string, error: unknown, latencyMs: number): Outcome {
  if (!(error instanceof OutboundError) || error.kind === 'starved') throw error;
  const { kind, code, message } = error;
  return {
    status: 'down',
    latencyMs: kind === 'timeout' ? latencyMs : null,
    reason: `${what}: ${message}${code === undefined || message.includes(code) ? '' : ` (${code})`}`,
    heard: false,
    ...(UNREACHED.has(kind) ? { unreached: true } : {}),
  };
}

const UNREACHED: ReadonlySet<string> = new Set(['timeout', 'refused', 'dns', 'reset']);

/** `200–299`, `200, 204`. */
export const expected = (accepted: readonly number[] | undefined): string => accepted?.join(', ') ?? '200–299';

export const isAccepted = (status: number, accepted: readonly number[] | undefined): boolean =>
  accepted ? accepted.includes(status) : status >= 200 && status < 300;

export const tooSlow = (latencyMs: number, limitMs: number | undefined): string | undefined =>
  limitMs !== undefined && latencyMs > limitMs
    ? `answered in ${Math.round(latencyMs)} ms, slower than ${limitMs} ms`
    : undefined;

/** Up, or degraded because it took too long. */
export function upOrSlow(latencyMs: number, limitMs: number | undefined): Outcome {
  const reason = tooSlow(latencyMs, limitMs);
  return reason === undefined
    ? { status: 'up', latencyMs, heard: true }
    : { status: 'degraded', latencyMs, reason, heard: true };
}
