import { randomBytes } from 'node:crypto';
import { LogLevel, type Logs as LogsAnswer } from '@orrery/protocol';
import { redactFields, redactText } from './redact.ts';

const RANK: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3, fatal: 4 };
/** A time that RFC 3339 can write. */
const isSane = (at: Date) => at.getTime() >= 0 && at.getTime() < 253_402_300_800_000;
const isLevel = (text: string): text is LogLevel => Object.hasOwn(RANK, text);
const MAX_PAGE = 1000;

export type LogRing = {
  /** Keeps one line. Secrets in the message and the fields are masked; the oldest line makes room. */
  write(level: LogLevel, message: string, fields?: Record<string, unknown>, at?: Date): void;
  /** One page, oldest first, for the query of `GET /api/logs`; a wrong parameter is refused by name. */
  read(query: URLSearchParams): { ok: true; page: LogsAnswer } | { ok: false; field: string; reason: string };
};

type Kept = { seq: number; time: number; level: LogLevel; message: string; fields?: Record<string, unknown> };

/** A ring of the newest `capacity` lines. Cursors belong to one life of the process: after a restart an old one begins again. */
export function createLogRing(capacity: number): LogRing {
  const ring: (Kept | undefined)[] = new Array(capacity);
  const life = randomBytes(4).toString('hex');
  let next = 0;

  return {
    write(level, message, fields, at = new Date()) {
      const kept: Kept = {
        seq: next,
        time: isSane(at) ? at.getTime() : Date.now(),
        level: isLevel(level) ? level : 'info',
        message: redactText(String(message)),
      };
      if (fields) {
        const clean = redactFields(fields);
        if (Object.keys(clean).length > 0) kept.fields = clean;
      }
      ring[next % capacity] = kept;
      next++;
    },
    read(query) {
      const parsed = parseQuery(query);
      if (!parsed.ok) return parsed;
      const { since, minimum, limit, cursor } = parsed;
      const from = cursor && cursor.life === life ? cursor.seq + 1 : 0;
      const entries: LogsAnswer['entries'] = [];
      let last: number | undefined;
      for (let seq = Math.max(from, next - capacity, 0); seq < next && entries.length < limit; seq++) {
        const kept = ring[seq % capacity];
        if (!kept || RANK[kept.level] < minimum || kept.time < since) continue;
        const { level, message, fields, time } = kept;
        entries.push({ at: new Date(time).toISOString(), level, message, ...(fields ? { fields } : {}) });
        last = seq;
      }
      return { ok: true, page: last === undefined ? { entries } : { entries, nextCursor: `${life}-${last}` } };
    },
  };
}

type LogQuery = { ok: true; since: number; minimum: number; limit: number; cursor?: { life: string; seq: number } };

function parseQuery(query: URLSearchParams): LogQuery | { ok: false; field: string; reason: string } {
  const refuse = (field: string, reason: string) => ({ ok: false, field, reason }) as const;
  const since = query.get('since');
  const sinceMs = since ? Date.parse(since) : Number.NEGATIVE_INFINITY;
  if (since && (Number.isNaN(sinceMs) || !/^\d{4}-\d\d-\d\dT/.test(since)))
    return refuse('since', 'must be an RFC 3339 time');
  const level = query.get('level') || 'debug';
  if (!isLevel(level)) return refuse('level', `must be one of ${LogLevel.options.join(', ')}`);
  const limitText = query.get('limit') || '100';
  const limit = Number(limitText);
  if (!/^\d{1,9}$/.test(limitText) || limit < 1) return refuse('limit', 'must be a whole number from 1');
  const parsed: LogQuery = { ok: true, since: sinceMs, minimum: RANK[level], limit: Math.min(limit, MAX_PAGE) };
  const cursor = query.get('cursor');
  if (cursor) {
    const match = /^([0-9a-f]{8})-(\d{1,15})$/.exec(cursor);
    if (!match) return refuse('cursor', 'must be a nextCursor of an earlier page');
    parsed.cursor = { life: match[1] as string, seq: Number(match[2]) };
  }
  return parsed;
}
