import type { LogLevel } from '@orrery/protocol';
import { deeperThan, isObject } from '../json.ts';
import type { PulledLog } from './probe.ts';

export const LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'] as const satisfies readonly LogLevel[];
const RANKS = new Map<string, number>([
  ...LEVELS.map((level, rank): [string, number] => [level, rank]),
  ['trace', 0],
  ['notice', 1],
  ['warning', 2],
  ['critical', 4],
]);
const MAX_MESSAGE = 4096;
const MAX_FIELDS = 4096;
const MAX_DEPTH = 12;
/** Of a page that holds more than was asked for, the last lines are read: as many as a project keeps. */
const MAX_ENTRIES = 2000;

/** Reads one page of a log answer, each line within limits; undefined when the answer is no page of a log. */
export function readLogPage(json: unknown, now: number): { entries: PulledLog[]; cursor?: string } | undefined {
  if (!isObject(json) || !Array.isArray(json.entries)) return undefined;
  const entries = json.entries.slice(-MAX_ENTRIES).flatMap((entry: unknown): PulledLog[] => {
    if (!isObject(entry) || typeof entry.message !== 'string') return [];
    const at = typeof entry.at === 'string' ? Date.parse(entry.at) : Number.NaN;
    const level = typeof entry.level === 'string' ? RANKS.get(entry.level.toLowerCase()) : undefined;
    return [
      {
        at: Number.isFinite(at) ? at : now,
        level: level ?? 1,
        message: cap(entry.message),
        fields: isObject(entry.fields) ? capFields(entry.fields) : null,
      },
    ];
  });
  const { nextCursor } = json;
  const cursor = typeof nextCursor === 'string' && /^[^\p{Cc}]{1,1024}$/u.test(nextCursor) ? nextCursor : undefined;
  return { entries, ...(cursor === undefined ? {} : { cursor }) };
}

/** PostgreSQL keeps no NUL in text, and half a surrogate pair is no text at all. */
function cap(text: string): string {
  const clean = text.slice(0, MAX_MESSAGE).replaceAll('\u0000', '\ufffd').toWellFormed();
  return text.length > MAX_MESSAGE ? `${clean}…` : clean;
}

function capFields(fields: Readonly<Record<string, unknown>>): string {
  if (deeperThan(fields, MAX_DEPTH)) return '{"truncated":true}';
  const text = JSON.stringify(fields);
  return text.length > MAX_FIELDS ? JSON.stringify({ truncated: true, bytes: text.length }) : text;
}
