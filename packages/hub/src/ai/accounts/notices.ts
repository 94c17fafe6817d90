import type { Mark } from '../../platform/annotate.ts';
import type { CallFacts, CallOutcome } from '../types.ts';
import type { CallRow } from './tables.ts';

/** Something about a call that people should see. Nothing in it is content. */
export type Notice = {
  kind: 'slow' | 'failover' | 'extraction-failed' | 'spend-anomaly';
  /** What it is about; of one kind and subject one is told in a while. */
  subject: string;
  title: string;
  data: Record<string, unknown>;
};

/** Pure: what is worth a mark in Grafana and a line in the event stream. */
export function noticesOf(call: CallFacts, outcome: CallOutcome, row: CallRow, slowerThanMs: number): Notice[] {
  const notices: Notice[] = [];
  const served =
    outcome.provider === undefined ? 'no provider' : `${outcome.provider} (${outcome.model ?? row.model_asked})`;
  const data = {
    call: row.id,
    intent: row.intent,
    provider: row.provider,
    model: row.model,
    latencyMs: row.latency_ms,
  };
  if (!outcome.cached && outcome.outcome !== 'refused' && row.latency_ms > slowerThanMs)
    notices.push({
      kind: 'slow',
      subject: served,
      title: `AI call took ${(row.latency_ms / 1000).toFixed(1)} s at ${served}`,
      data,
    });
  const [first] = outcome.failovers;
  // Of a call whose caller left nobody took over.
  if (first && outcome.outcome !== 'cancelled')
    notices.push({
      kind: 'failover',
      subject: first.provider,
      title: `AI failover: ${outcome.failovers.map(({ provider, reason }) => `${provider} (${reason})`).join(', ')} → ${served}`,
      data: { ...data, failovers: outcome.failovers.slice(0, 10) },
    });
  if (call.intent === 'extract' && outcome.outcome === 'failed')
    notices.push({
      kind: 'extraction-failed',
      subject: served,
      title: `AI extraction failed at ${served}: ${row.error ?? `status ${row.status}`}`,
      data: { ...data, error: row.error },
    });
  return notices;
}

/** Lets one notice of a kind and subject pass in `everyMs`; the next says how many it stands for. */
export function createCalm(everyMs: number, monotonic: () => number): (notice: Notice) => Notice | undefined {
  const last = new Map<string, { at: number; kept: number }>();
  return (notice) => {
    const key = `${notice.kind}\n${notice.subject}`;
    const now = monotonic();
    const known = last.get(key);
    if (known && now - known.at < everyMs) {
      known.kept += 1;
      return undefined;
    }
    if (last.size > 1000) last.clear();
    last.set(key, { at: now, kept: 0 });
    if (!known || known.kept === 0) return notice;
    return {
      ...notice,
      title: `${notice.title}, and ${known.kept} more of the kind`,
      data: { ...notice.data, more: known.kept },
    };
  };
}

/** A notice as a mark in Grafana: found by its kind, provider and model. */
export const markOf = ({ kind, title, data }: Notice): Mark => ({
  tags: ['ai', kind, ...[data.provider, data.model].filter((tag) => typeof tag === 'string')],
  text: title,
});
