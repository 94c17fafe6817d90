import { randomUUID } from 'node:crypto';
import { type ActionAccepted, ActionRequest, type ActionRun } from '@orrery/protocol';
import { verifyBody } from '@orrery/protocol/signing';
import type { ActionStore } from './action-store.ts';
import { json, problem, unauthorized } from './answers.ts';
import type { LogRing } from './logs.ts';
import { redactText } from './redact.ts';
import { within } from './shared.ts';

export type ActionCall = {
  action: string;
  auditId: string;
  requestId: string;
  requestedBy: string;
  params: Record<string, unknown>;
  /** Aborted when the action's time is over. */
  signal: AbortSignal;
};
/** Does one allowlisted thing. What it returns (plain JSON, up to 16 kB) stands in the run; a throw makes the run `failed`. */
export type ActionHandler = (call: ActionCall) => unknown;

export type ActionOptions = {
  handlers: Record<string, ActionHandler>;
  secrets: readonly string[];
  store: ActionStore;
  timeoutMs: number;
  log: LogRing;
  /** Is told of each run that has ended. */
  onEnd?: (run: ActionRun, request: ActionRequest) => void;
};

export type Actions = {
  post(headers: Headers, rawBody: Uint8Array): Promise<Response>;
  get(auditId: string): Promise<Response>;
};

const MAX_AT_ONCE = 8;
const MAX_RESULT = 16_384;

/** Accepts signed requests, each once, and runs them in order of arrival, eight at a time. */
export function createActions(options: ActionOptions): Actions {
  const { handlers, secrets, store, log } = options;
  const waiting: (() => Promise<void>)[] = [];
  let active = 0;

  const pump = () => {
    while (active < MAX_AT_ONCE) {
      const job = waiting.shift();
      if (!job) return;
      active++;
      void job().finally(() => {
        active--;
        pump();
      });
    }
  };

  const runOne = async (queued: ActionRun, handler: ActionHandler, request: ActionRequest): Promise<void> => {
    const running: ActionRun = { ...queued, status: 'running', startedAt: new Date().toISOString() };
    await save(running);
    const outcome = await within(
      (signal) =>
        handler({
          action: request.action,
          auditId: queued.auditId,
          requestId: request.requestId,
          requestedBy: request.requestedBy,
          params: request.params ?? {},
          signal,
        }),
      options.timeoutMs,
    );
    const finishedAt = new Date().toISOString();
    if (outcome.kind === 'done') {
      const result = plain(outcome.value);
      await end({ ...running, status: 'succeeded', finishedAt, ...(result === undefined ? {} : { result }) }, request);
      return;
    }
    const error = outcome.kind === 'timedOut' ? `timed out after ${options.timeoutMs} ms` : messageOf(outcome.error);
    log.write('error', `action ${request.action} failed: ${error}`, { auditId: queued.auditId });
    await end({ ...running, status: 'failed', finishedAt, result: { error } }, request);
  };

  const end = async (run: ActionRun, request: ActionRequest) => {
    await save(run);
    options.onEnd?.(run, request);
  };

  // Strangers can send as many of these as they like: they must not push the product's own lines out of the ring.
  let refusals = 0;
  let complainedAt = Number.NEGATIVE_INFINITY;
  const complain = (reason: string) => {
    refusals++;
    if (performance.now() - complainedAt < 10_000) return;
    complainedAt = performance.now();
    log.write('warn', `an action request was refused: ${reason}`, { refusals });
  };

  const save = async (run: ActionRun) => {
    try {
      await store.update(run);
    } catch (error) {
      log.write('error', `the state of action ${run.action} could not be kept: ${messageOf(error)}`, {
        auditId: run.auditId,
      });
    }
  };

  return {
    async post(headers, rawBody) {
      const body = decode(rawBody);
      const verified = body === undefined ? undefined : verifyBody(secrets, headers, body, new Date());
      if (body === undefined || !verified?.ok) {
        const reason = verified && !verified.ok ? verified.reason : 'the body is not UTF-8';
        complain(reason);
        return unauthorized();
      }
      const parsed = parse(body);
      if (!parsed.ok) return parsed.answer;
      const { request } = parsed;
      const handler = Object.hasOwn(handlers, request.action) ? handlers[request.action] : undefined;
      if (!handler)
        return problem(404, 'unknown_action', 'This instance has no such action.', {
          fields: [{ field: 'action', reason: 'is none of the actions that /capabilities lists' }],
        });
      const queued: ActionRun = {
        auditId: randomUUID(),
        action: request.action,
        status: 'queued',
        startedAt: new Date().toISOString(),
      };
      const claim = await store.claim(verified.id, queued);
      if (claim.kind === 'full')
        return problem(503, 'busy', 'Too many actions are remembered; try again later.', {
          headers: { 'retry-after': '60' },
        });
      if (claim.kind === 'claimed') {
        waiting.push(() => runOne(queued, handler, request));
        pump();
      }
      const accepted: ActionAccepted = {
        auditId: claim.kind === 'seen' ? claim.run.auditId : queued.auditId,
        accepted: true,
      };
      return json(202, accepted);
    },
    async get(auditId) {
      const run = auditId.length <= 128 ? await store.get(auditId) : undefined;
      return run ? json(200, run) : problem(404, 'not_found', 'No action run has this id.');
    },
  };
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function parse(body: string): { ok: true; request: ActionRequest } | { ok: false; answer: Response } {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return {
      ok: false,
      answer: problem(400, 'invalid', 'The body is no JSON.', { fields: [{ field: '', reason: 'is no JSON' }] }),
    };
  }
  const parsed = ActionRequest.safeParse(value);
  if (parsed.success) return { ok: true, request: parsed.data };
  const fields = parsed.error.issues.map((issue) => ({ field: issue.path.join('.'), reason: issue.message }));
  return { ok: false, answer: problem(400, 'invalid', 'The request does not have the expected shape.', { fields }) };
}

/** A handler may return anything; what is kept is plain JSON of a bounded size. */
function plain(value: unknown): unknown {
  try {
    const written = JSON.stringify(value);
    if (written === undefined) return undefined;
    return written.length > MAX_RESULT ? { truncated: written.slice(0, MAX_RESULT) } : (JSON.parse(written) as unknown);
  } catch {
    return { note: 'the result is no JSON' };
  }
}

const messageOf = (error: unknown) =>
  redactText(error instanceof Error ? error.message || error.name : String(error), 300);
