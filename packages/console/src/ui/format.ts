/** Everything a number or a time goes through before a person sees it. Nothing here reads the clock. */

export const NONE = '–';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const trim = (value: number, digits: number) => String(Number(value.toFixed(digits)));

/** A latency or runtime in ms: `0.4 ms`, `212 ms`, `1.24 s`, `2 m 18 s`. */
export function formatMs(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return NONE;
  if (ms < 0) return `-${formatMs(-ms)}`;
  if (ms > 0 && ms < 1) return `${trim(ms, 2)} ms`;
  if (ms < 10) return `${trim(ms, 1)} ms`;
  if (Math.round(ms) < SECOND) return `${Math.round(ms)} ms`;
  if (ms < 10 * SECOND) return `${trim(ms / SECOND, 2)} s`;
  if (ms < MINUTE) return `${trim(ms / SECOND, 1)} s`;
  const whole = Math.round(ms / SECOND);
  return `${Math.floor(whole / 60)} m ${whole % 60} s`;
}

/** How long something lasts or lasted, in ms, with at most two units: `38 s`, `4 min`, `2 h 14 min`, `3 d 4 h`. */
export function formatSpan(ms: number): string {
  if (!Number.isFinite(ms)) return NONE;
  const span = Math.max(0, ms);
  if (span < MINUTE) return `${Math.floor(span / SECOND)} s`;
  if (span < HOUR) return `${Math.floor(span / MINUTE)} min`;
  const [big, small, bigUnit, smallUnit] = span < DAY ? [HOUR, MINUTE, 'h', 'min'] : [DAY, HOUR, 'd', 'h'];
  const first = Math.floor(span / big);
  const second = Math.floor((span % big) / small);
  return second > 0 ? `${first} ${bigUnit} ${second} ${smallUnit}` : `${first} ${bigUnit}`;
}

/** How long ago a time (RFC 3339) was: `just now`, `38 s ago`, `in 12 s`. */
export function formatAgo(at: string | null | undefined, now: number): string {
  if (!at) return 'never';
  const age = now - Date.parse(at);
  if (Number.isNaN(age)) return NONE;
  if (age < -SECOND) return `in ${formatSpan(-age)}`;
  return age < 2 * SECOND ? 'just now' : `${formatSpan(age)} ago`;
}

/** A percentage 0–100. Never rounded up to 100: `99.99%` must not read as perfect. */
export function formatPercent(percent: number | null | undefined): string {
  if (percent === null || percent === undefined || !Number.isFinite(percent)) return NONE;
  if (percent >= 100) return '100%';
  if (percent <= 0) return '0%';
  return `${(Math.floor(percent * 100 + 1e-6) / 100).toFixed(2)}%`;
}

/** Bytes in binary units: `512 B`, `1.5 KiB`, `3.2 GiB`. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return NONE;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = Math.abs(bytes);
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${bytes < 0 ? '-' : ''}${trim(value, value < 10 && unit > 0 ? 1 : 0)} ${units[unit]}`;
}

/** A plain number, short enough for a card: `0.82`, `184`, `12.4k`, `3.1M`. */
export function formatNumber(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  const size = Math.abs(value);
  if (size >= 1e9) return `${trim(value / 1e9, 1)}G`;
  if (size >= 1e6) return `${trim(value / 1e6, 1)}M`;
  if (size >= 1e4) return `${trim(value / 1e3, 1)}k`;
  if (size >= 100) return trim(value, 0);
  if (size >= 1) return trim(value, 2);
  return value === 0 ? '0' : String(Number(value.toPrecision(3)));
}

/** A metric's value with its unit; the unit is guessed from the key's ending when the sample brought none. */
export function formatMetric(key: string, unit: string | undefined, value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  const kind = unitOf(key, unit);
  if (kind === 'ms') return formatMs(value);
  if (kind === 's') return formatMs(value * SECOND);
  if (kind === '%') return formatShare(value);
  if (kind === 'bytes') return formatBytes(value);
  return kind ? `${formatNumber(value)} ${kind}` : formatNumber(value);
}

/** A share in percent as it was measured: `0.96%`, `12.4%`. */
export function formatShare(percent: number | null | undefined): string {
  if (percent === null || percent === undefined || !Number.isFinite(percent)) return NONE;
  return `${trim(percent, Math.abs(percent) < 10 ? 2 : 1)}%`;
}

export function unitOf(key: string, unit: string | undefined): string {
  if (unit) {
    if (unit === 'percent') return '%';
    if (unit === 'count' || unit === '1') return '';
    if (unit === 'By' || unit === 'B' || unit === 'byte') return 'bytes';
    return unit;
  }
  if (/(_ms|Ms)$/.test(key)) return 'ms';
  if (/(_seconds|_s)$/.test(key)) return 's';
  if (/_bytes$/.test(key)) return 'bytes';
  if (/(_percent|_pct|error_rate)$/.test(key)) return '%';
  return '';
}

/** Local wall time, with the day only when it is another one: `14:03:05`, `21 Nov 14:03`. */
export function formatClock(at: string | number | Date, now: number): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return NONE;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (date.toDateString() === new Date(now).toDateString()) return `${time}:${two(date.getSeconds())}`;
  return `${date.getDate()} ${date.toLocaleString('en', { month: 'short' })} ${time}`;
}

/** The same moment in UTC, for a hover: `2026-11-21 14:03:05 UTC`. */
export function formatUtc(at: string | number | Date): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return NONE;
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

const two = (value: number) => String(value).padStart(2, '0');

/** `1 alert`, `3 alerts`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
