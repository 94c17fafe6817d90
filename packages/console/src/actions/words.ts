import type { Fanout, FanoutResult } from '@orrery/protocol';
import type { Tone } from '../ui/state.ts';

/** What the hub itself has names for; every other action is called as the instances call it. */
export const SWEEP = 'fed.audit.security.sweep';
export const SUMMARIES = 'fed.refresh.summaries';

const NAMES: Readonly<Record<string, string>> = { [SWEEP]: 'Security sweep', [SUMMARIES]: 'Refresh summaries' };
export const nameOfAction = (action: string): string => NAMES[action] ?? action;

type Said = { tone: Tone; word: string };

/** What came of a request at one project, in one word: the send, then the run that it began. */
export function outcomeOf(result: FanoutResult): Said {
  if (result.status === 'denied') return { tone: 'quiet', word: 'Not allowed' };
  if (result.status === 'failed') return { tone: 'bad', word: 'Failed' };
  if (result.status === 'pending') return { tone: 'warn', word: 'Sending' };
  if (result.run?.status === 'succeeded') return { tone: 'ok', word: 'Done' };
  if (result.run?.status === 'failed') return { tone: 'bad', word: 'Run failed' };
  if (result.runUnknown !== undefined) return { tone: 'none', word: 'Sent, end unknown' };
  return { tone: 'none', word: result.run?.status === 'running' ? 'Running' : 'Sent' };
}

/** The same of a whole request: the worst of what is known, and that it goes on while it does. */
export function stateOf({ finishedAt, counts, runs }: Fanout): Said {
  if (finishedAt === null) return { tone: 'warn', word: 'Under way' };
  const failed = counts.failed + runs.failed;
  if (counts.sent === 0) return failed > 0 ? { tone: 'bad', word: 'Failed' } : { tone: 'quiet', word: 'Nobody asked' };
  if (failed > 0) return { tone: 'bad', word: `${failed} failed` };
  return runs.unknown > 0 ? { tone: 'none', word: `${runs.unknown} unknown` } : { tone: 'ok', word: 'Done' };
}

/** A result as a person reads it: figures of an audit in a line, an error by itself, anything else as JSON. */
export function resultText(result: unknown): string | undefined {
  if (result === undefined || result === null) return undefined;
  if (typeof result !== 'object') return String(result);
  const { ok, warn, fail, error } = result as Record<string, unknown>;
  if (typeof error === 'string') return error;
  if (typeof ok === 'number' && typeof warn === 'number' && typeof fail === 'number')
    return `${ok} ok, ${warn} warnings, ${fail} failed`;
  const text = JSON.stringify(result);
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}
