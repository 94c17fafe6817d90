import type { Clock } from './clock.ts';
import type { Db } from './db.ts';
import { newId } from './ids.ts';
import { defineJob, type JobDefinition } from './jobs.ts';
import type { Log } from './log.ts';
import { type Outbound, OutboundError } from './outbound.ts';

/** What stands at a moment in Grafana. Plain text: it is escaped here. */
export type Mark = { tags: readonly string[]; text: string };
export type Annotator = {
  readonly enabled: boolean;
  /** Sends what waits; none without a Grafana. */
  readonly jobs: JobDefinition[];
  /** Hands a mark over inside the caller's transaction. */
  hand(trx: Db, mark: Mark, at: number): Promise<void>;
  /** Sends what waits, oldest first, until nothing does or Grafana is away. */
  deliver(signal?: AbortSignal): Promise<void>;
  waiting(): Promise<number>;
};

/** The job to wake when marks wait. */
export const ANNOTATE = 'grafana.annotate';
/** Its name tells where marks came from first. */
type Tables = { ai_annotations: { id: string; at: number; body: string } };

const TIMEOUT_MS = 5000;
const PAUSE_MS = { first: 500, longest: 15_000 };
/** Marks of a Grafana that is away for long: the oldest are given up, they are the least worth. */
const MOST = 10_000;

/** Marks in Grafana (`POST /api/annotations`), by way of a table: a Grafana that is away costs nobody a call. */
export function createAnnotator(deps: {
  db: Db;
  clock: Clock;
  log: Log;
  outbound: Outbound;
  grafana?: { url: string; token: string } | undefined;
  /** As a reason to send more marks than that has not been seen yet, tests may want fewer. */
  most?: number;
}): Annotator {
  const { db, clock, log, outbound, grafana } = deps;
  const tables = db.withTables<Tables>();
  let failures = 0;
  let notBefore = 0;

  async function post(
    body: string,
    { url, token }: { url: string; token: string },
    signal?: AbortSignal,
  ): Promise<'done' | 'never' | number> {
    try {
      const { status, headers } = await outbound.request({
        url: `${url.replace(/\/+$/, '')}/api/annotations`,
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'user-agent': 'Orrery' },
        body,
        timeoutMs: TIMEOUT_MS,
        maxBytes: 1024,
        oversize: 'truncate',
        ...(signal ? { signal } : {}),
      });
      if (status >= 200 && status < 300) return 'done';
      if (status >= 500 || [401, 403, 408, 425, 429].includes(status))
        return Number(headers['retry-after'] ?? 0) * 1000 || 0;
      log.warn({ status }, 'Grafana does not take a mark; it is given up');
      return 'never';
    } catch (error) {
      if (!(error instanceof OutboundError)) throw error;
      if (failures === 0) log.warn({ reason: error.message }, 'Grafana cannot be reached; marks for it wait');
      return 0;
    }
  }

  async function bound(): Promise<void> {
    const surplus = (await waiting()) - (deps.most ?? MOST);
    if (surplus <= 0) return;
    const old = tables.selectFrom('ai_annotations').select('id').orderBy('id').limit(surplus);
    await tables.deleteFrom('ai_annotations').where('id', 'in', old).execute();
    log.warn({ surplus }, 'Grafana is away for long: its oldest marks are given up');
  }

  async function waiting(): Promise<number> {
    const row = await tables
      .selectFrom('ai_annotations')
      .select((eb) => eb.fn.countAll().as('count'))
      .executeTakeFirstOrThrow();
    return Number(row.count);
  }

  const annotator: Annotator = {
    enabled: grafana !== undefined,
    jobs: grafana
      ? [
          defineJob({
            name: ANNOTATE,
            agent: 'Hub',
            schedule: { everyMs: 1000 },
            timeoutMs: 120_000,
            run: ({ signal }) => annotator.deliver(signal),
          }),
        ]
      : [],
    async hand(trx, { tags, text }, at) {
      if (!grafana) return;
      const body = JSON.stringify({ time: at, tags: [...new Set(['orrery', ...tags])], text: escaped(text) });
      await trx
        .withTables<Tables>()
        .insertInto('ai_annotations')
        .values({ id: newId('mark', at), at, body })
        .execute();
    },
    async deliver(signal) {
      if (!grafana || clock.monotonic() < notBefore) return;
      for (;;) {
        const rows = await tables.selectFrom('ai_annotations').selectAll().orderBy('id').limit(50).execute();
        for (const row of rows) {
          if (signal?.aborted) return;
          const outcome = await post(row.body, grafana, signal);
          if (typeof outcome === 'number') {
            const pause = Math.min(PAUSE_MS.first * 2 ** failures, PAUSE_MS.longest);
            notBefore = clock.monotonic() + Math.max(pause, Math.min(outcome, 60_000));
            failures += 1;
            return bound();
          }
          failures = 0;
          await tables.deleteFrom('ai_annotations').where('id', '=', row.id).execute();
        }
        if (rows.length < 50) return;
      }
    },
    waiting,
  };
  return annotator;
}

/** Grafana shows the text as HTML. */
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
