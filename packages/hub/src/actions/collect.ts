import { ActionRun } from '@orrery/protocol';
import { parseShallowJson } from '../platform/json.ts';
import { OutboundError } from '../platform/outbound.ts';
import type { ActionContext, ActionTarget } from './context.ts';
import { actionsUrl } from './send.ts';

export type Collected =
  | { kind: 'run'; run: ActionRun }
  /** What it answers cannot be true. */
  | { kind: 'forged'; reason: string }
  | { kind: 'unknown'; reason: string }
  | { kind: 'later'; reason: string };

const MAX_RUN_BYTES = 64 * 1024;

/** Asks an instance what became of a run. It is believed only about the run that was asked for. */
export async function collect(
  context: ActionContext,
  target: ActionTarget,
  { auditId, action }: { auditId: string; action: string },
  options: { timeoutMs: number; signal?: AbortSignal },
): Promise<Collected> {
  const key = await context.apiKeyOf(target.slug);
  try {
    const { status, body } = await context.outbound.request({
      url: `${actionsUrl(target)}/${encodeURIComponent(auditId)}`,
      as: target.slug,
      headers: { accept: 'application/json', ...(key === undefined ? {} : { 'x-api-key': key }) },
      maxBytes: MAX_RUN_BYTES,
      ...options,
    });
    if (status === 404) return { kind: 'forged', reason: 'it does not know the run whose audit id it gave' };
    if (status === 401 || status === 403)
      return { kind: 'unknown', reason: `it does not tell what became of the run: it refused the key (${status})` };
    if (status !== 200) return { kind: 'later', reason: `it answered ${status}` };
    return judge(parseShallowJson(body.toString('utf8')), auditId, action);
  } catch (error) {
    if (error instanceof OutboundError) return { kind: 'later', reason: error.message };
    throw error;
  }
}

/** Pure: whether what was answered tells of this very run. */
export function judge(answer: unknown, auditId: string, action: string): Collected {
  const run = ActionRun.safeParse(answer);
  if (!run.success) return { kind: 'forged', reason: 'what it tells of the run is no run' };
  if (run.data.auditId !== auditId) return { kind: 'forged', reason: 'it told of a run other than the one asked for' };
  if (run.data.action !== action)
    return { kind: 'forged', reason: `the run whose audit id it gave is not of "${action}"` };
  return { kind: 'run', run: run.data };
}
