import { setTimeout as wait } from 'node:timers/promises';
import { ActionAccepted, type ActionRequest } from '@orrery/protocol';
import { deriveProjectKey, signBody } from '@orrery/protocol/signing';
import { parseShallowJson } from '../platform/json.ts';
import { type OutboundAnswer, OutboundError } from '../platform/outbound.ts';
import type { ActionContext, ActionTarget } from './context.ts';
import { subjectOf } from './plan.ts';

export type SendOutcome = { kind: 'sent'; via: 'http' | 'mesh'; auditId: string } | { kind: 'failed'; reason: string };

const AUDIT_ID = /^[A-Za-z0-9_-]{1,128}$/;
const RETRY_AFTER_MS = 250;
/** Failures that may pass by themselves within a moment, as when an instance restarts. */
const PASSING: ReadonlySet<string> = new Set(['refused', 'reset', 'dns']);

/** The path of an instance's actions, on its own origin whatever its manifest says. */
export function actionsUrl({ hubUrl, capabilities }: ActionTarget): string {
  const named = capabilities?.endpoints.actions;
  const path = named && /^\/(?!\/)[\x21-\x7e]*$/.test(named) ? named : '/api/actions';
  return hubUrl.replace(/\/+$/, '') + path.replace(/\/+$/, '');
}

/** The id under which an instance knows a request: the same on every try, so that it runs nothing twice. */
export const webhookIdOf = (requestId: string, project: string): string => `${requestId}_${project}`;

/** The keys of one project, the newest first; both sign while a rotation lasts. */
export const signingKeys = (meshKeys: readonly string[], slug: string): string[] =>
  meshKeys.map((key) => deriveProjectKey(key, slug));

/**
 * Sends one signed request, with one deadline over all tries. What may pass within a moment is tried again, under the same id, by which the
 * instance knows it again; anything else is settled by the first answer.
 */
export async function send(
  context: ActionContext,
  target: ActionTarget,
  request: ActionRequest,
  signal?: AbortSignal,
): Promise<SendOutcome> {
  const { clock, outbound, timing, mesh } = context;
  const body = JSON.stringify(request);
  const id = webhookIdOf(request.requestId, target.slug);
  const keys = signingKeys(context.meshKeys, target.slug);
  if (keys.length === 0) return { kind: 'failed', reason: 'MESH_HMAC_KEY is not set: nothing can be signed' };
  const signed = () => signBody(keys, id, new Date(clock.now()), body);
  const end = clock.monotonic() + timing.sendMs;
  // Who does not listen there, or does not answer in half of the time, is asked over HTTP: by the id it knows whether it was asked before.
  const answer = await mesh?.publish(target.slug, subjectOf(request.action), body, signed(), {
    timeoutMs: timing.sendMs / 2,
  });
  if (answer?.ok) {
    const outcome = read({ status: answer.status, body: Buffer.from(answer.body) });
    if (outcome.kind === 'sent') return { ...outcome, via: 'mesh' };
    if (outcome.kind === 'failed') return outcome;
  }
  for (;;) {
    const leftMs = Math.floor(end - clock.monotonic());
    const outcome = await post(outbound, {
      url: actionsUrl(target),
      as: target.slug,
      headers: { ...signed(), 'content-type': 'application/json', accept: 'application/json' },
      body,
      timeoutMs: Math.max(1, leftMs),
      ...(signal ? { signal } : {}),
    });
    if (outcome.kind !== 'again') return outcome;
    if (signal?.aborted || end - clock.monotonic() <= RETRY_AFTER_MS * 1.5)
      return { kind: 'failed', reason: outcome.reason };
    await wait(RETRY_AFTER_MS, undefined, { ref: false });
  }
}

async function post(
  outbound: ActionContext['outbound'],
  request: {
    url: string;
    as: string;
    headers: Record<string, string>;
    body: string;
    timeoutMs: number;
    signal?: AbortSignal;
  },
): Promise<SendOutcome | { kind: 'again'; reason: string }> {
  try {
    return read(await outbound.request({ ...request, method: 'POST', maxBytes: 64 * 1024 }));
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error;
    if (PASSING.has(error.kind)) return { kind: 'again', reason: error.message };
    const perhaps = error.kind === 'timeout' || error.kind === 'stopped';
    return { kind: 'failed', reason: perhaps ? `${error.message}; it may have been received` : error.message };
  }
}

function read({
  status,
  body,
}: Pick<OutboundAnswer, 'status' | 'body'>): SendOutcome | { kind: 'again'; reason: string } {
  if (status === 202 || status === 200) {
    const accepted = ActionAccepted.safeParse(parseShallowJson(body.toString('utf8')));
    if (!accepted.success)
      return { kind: 'failed', reason: `it answered ${status} without an audit id and "accepted"` };
    if (!AUDIT_ID.test(accepted.data.auditId)) return { kind: 'failed', reason: 'it gave an audit id that is none' };
    return { kind: 'sent', via: 'http', auditId: accepted.data.auditId };
  }
  if (status === 429 || status === 502 || status === 503 || status === 504)
    return { kind: 'again', reason: `it answered ${status}` };
  if (status === 401 || status === 403)
    return { kind: 'failed', reason: `it refused the signature (${status}): it may have another MESH_HMAC_KEY` };
  if (status === 404) return { kind: 'failed', reason: 'it has no such action (404)' };
  return { kind: 'failed', reason: `it answered ${status}` };
}
