import { Capabilities } from '@orrery/protocol';
import { parseShallowJson } from '../../platform/json.ts';
import { type OutboundAnswer, OutboundError } from '../../platform/outbound.ts';
import { readLogPage } from './logPage.ts';
import { type MetricsReading, readMetrics } from './metrics.ts';
import type { CheckContext, LogPosition, PulledLog } from './probe.ts';

const PAGE = 500;
const MAX_PAGES = 4;
/** A line dated further ahead than any time zone is wrong: what comes after it must not count as read. */
const AHEAD_MS = 86_400_000;

/** What is read of an instance beside its health. `unoffered`: it has no such route, or wants a key that nobody gave us. */
export type Pulled<T> =
  | { kind: 'read'; value: T }
  | { kind: 'unoffered'; note: string }
  | { kind: 'broken'; problem: string };

type Ask = { base: string; project: string; timeoutMs: number };

/** Asks one route of the instance; only a 2xx that carries JSON comes back as `read`. */
async function ask(path: string, { base, project, timeoutMs }: Ask, context: CheckContext): Promise<Pulled<unknown>> {
  let answer: OutboundAnswer;
  try {
    answer = await context.outbound.request({
      url: `${base}${path}`,
      timeoutMs,
      as: project,
      headers: { accept: 'application/json', ...(context.apiKey === undefined ? {} : { 'x-api-key': context.apiKey }) },
      ...(context.signal ? { signal: context.signal } : {}),
    });
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error;
    return { kind: 'broken', problem: error.message };
  }
  const { status, body } = answer;
  if (status === 404 || status === 405 || status === 501)
    return { kind: 'unoffered', note: `it has none (HTTP ${status})` };
  if (status === 401 || status === 403) {
    if (context.apiKey === undefined)
      return { kind: 'unoffered', note: `it asks for a key (HTTP ${status}) and the project declares no apiKey` };
    return { kind: 'broken', problem: `it refused the project's apiKey (HTTP ${status})` };
  }
  if (status < 200 || status > 299) return { kind: 'broken', problem: `it answered HTTP ${status}` };
  const json = parseShallowJson(body.toString('utf8'));
  if (json === undefined) return { kind: 'broken', problem: `it answered ${body.length} bytes that are no valid JSON` };
  return { kind: 'read', value: json };
}

export async function pullMetrics(asked: Ask, context: CheckContext): Promise<Pulled<MetricsReading>> {
  const answer = await ask('/api/metrics', asked, context);
  if (answer.kind !== 'read') return answer;
  const value = readMetrics(answer.value);
  return value ? { kind: 'read', value } : { kind: 'broken', problem: 'its answer has no object "metrics"' };
}

export async function pullCapabilities(asked: Ask, context: CheckContext): Promise<Pulled<Capabilities>> {
  const answer = await ask('/api/capabilities', asked, context);
  if (answer.kind !== 'read') return answer;
  const parsed = Capabilities.safeParse(answer.value);
  return parsed.success
    ? { kind: 'read', value: parsed.data }
    : { kind: 'broken', problem: 'its answer is no manifest' };
}

/**
 * Reads what the log has after the position, a few pages at most; the rest waits for the next check. An instance that gives no cursor
 * is asked by time, and what was read before is left out.
 */
export async function pullLogs(
  asked: Ask,
  context: CheckContext,
): Promise<Pulled<{ entries: PulledLog[]; position: LogPosition }>> {
  const latest = context.clock.now() + AHEAD_MS;
  let { cursor } = context.logs;
  let since = context.logs.since !== null && context.logs.since > latest ? context.clock.now() : context.logs.since;
  const entries: PulledLog[] = [];
  for (let page = 0; page < MAX_PAGES; page++) {
    const query = new URLSearchParams({ limit: String(PAGE) });
    if (cursor !== null) query.set('cursor', cursor);
    else if (since !== null) query.set('since', new Date(since).toISOString());
    const answer = await ask(`/api/logs?${query}`, asked, context);
    const read = answer.kind === 'read' ? readLogPage(answer.value, context.clock.now()) : undefined;
    if (answer.kind !== 'read' || !read) {
      // What the pages before gave is kept. A cursor that is not understood any more is given up; time takes its place.
      if (entries.length === 0 && cursor === null)
        return answer.kind === 'read' ? { kind: 'broken', problem: 'its answer has no list "entries"' } : answer;
      const note = answer.kind === 'broken' ? answer.problem : null;
      return {
        kind: 'read',
        value: { entries, position: { cursor: entries.length === 0 ? null : cursor, since, note } },
      };
    }
    const known = cursor === null ? since : null;
    const fresh = known === null ? read.entries : read.entries.filter((entry) => entry.at > known);
    for (const entry of fresh) {
      if (entry.at <= latest) since = Math.max(since ?? entry.at, entry.at);
      // By time it would come again for ever.
      else if (known !== null) continue;
      entries.push(entry);
    }
    const advanced = read.cursor !== undefined && read.cursor !== cursor;
    cursor = read.cursor ?? cursor;
    if (!advanced || read.entries.length < PAGE) break;
  }
  return { kind: 'read', value: { entries, position: { cursor, since, note: null } } };
}
