import { z } from 'zod';

/** A project's stable name: lower-case letters, digits, `-` and `_`, 1 to 63 characters. It stands in URLs and mesh subjects. */
export const Slug = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?$/, 'must be 1 to 63 lower-case letters, digits, "-" or "_"');

/** A service's name inside its project. */
export const ServiceName = z
  .string()
  .regex(/^[a-zA-Z0-9](?:[a-zA-Z0-9._-]{0,62})$/, 'must be 1 to 63 letters, digits, ".", "-" or "_"');

/** A metric's key: `performance.error_rate`, `revenue_24h`. */
export const MetricKey = z
  .string()
  .regex(
    /^[a-zA-Z_][a-zA-Z0-9_.:/-]{0,127}$/,
    'must start with a letter and hold at most 128 of letters, digits and "_.:/-"',
  );

/** An RFC 3339 time in UTC. */
export const Time = z.iso.datetime({ offset: true });

export const Severity = z.enum(['critical', 'warning', 'info']);
export type Severity = z.infer<typeof Severity>;

export const Category = z.enum(['performance', 'security', 'cost', 'opportunity', 'availability']);
export type Category = z.infer<typeof Category>;

/** The state of a service, as the hub judges it from its checks. */
export const ServiceStatus = z.enum(['up', 'degraded', 'down', 'unknown']);
export type ServiceStatus = z.infer<typeof ServiceStatus>;

/** The form of every paged list. */
export const page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().optional() });

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Reads `500ms`, `5s`, `15m`, `2h` or `30d` into milliseconds; undefined when the text is no duration. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text);
  if (!match) return undefined;
  return Math.round(Number(match[1]) * UNITS[match[2] as keyof typeof UNITS]);
}

/** Writes milliseconds as the shortest duration that `parseDuration` reads back. */
export function formatDuration(ms: number): string {
  for (const [unit, size] of [
    ['d', UNITS.d],
    ['h', UNITS.h],
    ['m', UNITS.m],
    ['s', UNITS.s],
  ] as const) {
    if (ms >= size && ms % size === 0) return `${ms / size}${unit}`;
  }
  return `${ms}ms`;
}

/** A duration with its unit, kept as text: `5s`. Bounds are durations too. */
export const duration = (min = '1ms', max = '3650d') =>
  z.string().superRefine((text, ctx) => {
    const ms = parseDuration(text);
    if (ms === undefined)
      ctx.addIssue({ code: 'custom', message: `"${text}" is no duration; write 500ms, 5s, 15m, 2h or 30d` });
    else if (ms < (parseDuration(min) ?? 0) || ms > (parseDuration(max) ?? Infinity))
      ctx.addIssue({ code: 'custom', message: `"${text}" is out of range; allowed are ${min} to ${max}` });
  });

export const HttpUrl = z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' }).max(2048);

/** A host name or an IP address, without scheme, port or brackets. */
export const HostName = z
  .string()
  .max(253)
  .regex(
    // A dot stands between two labels: were it optional, one label could be read as many, in ever more ways.
    /^([a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?\.)*[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?\.?$|^[0-9a-fA-F:.]{2,45}$/,
    'must be a host name or an IP address',
  );

export const Port = z.int().min(1).max(65_535);

const isTimeZone = (name: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
};
/** A name of the time zone database: `Europe/Berlin`. */
export const TimeZone = z.string().max(64).refine(isTimeZone, { error: 'must be a time zone, "Europe/Berlin"' });
