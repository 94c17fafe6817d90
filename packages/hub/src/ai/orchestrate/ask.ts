import type { z } from 'zod';
import { fieldErrors, HubError } from '../../platform/errors.ts';
import type { Ai, Task } from '../ai.ts';
import type { Answer } from '../calls/serve.ts';
import { member, objects, str } from '../translate/answers.ts';
import type { Usage } from '../types.ts';

export type Message = { role: 'system' | 'user' | 'assistant'; content: string };

/** What several calls to models came to, for one answer. */
export type Tally = { usage: Usage; answers: (Answer & { kind: 'whole' })[]; modelMs: number };

const STATUS_CODES: Readonly<Record<number, ConstructorParameters<typeof HubError>[0]>> = {
  400: 'invalid',
  402: 'rate_limited',
  403: 'forbidden',
  404: 'invalid',
  429: 'rate_limited',
};

/** Has a model say something; throws HubError when no provider answers. */
export async function tell(
  ai: Pick<Ai, 'run'>,
  task: Omit<Task, 'body'>,
  body: { model: string; messages: readonly Message[]; maxTokens: number },
  tally: Tally,
  signal: AbortSignal,
): Promise<string> {
  const { model, messages, maxTokens } = body;
  const answer = await ai.run({ ...task, body: { model, messages, max_tokens: maxTokens, temperature: 0 } }, signal);
  if (answer.kind === 'refused') {
    const { status, message } = answer.error;
    throw new HubError(STATUS_CODES[status] ?? 'unavailable', `${message} (call ${answer.id})`, {
      ...(answer.retryAfterMs === undefined ? {} : { retryAfter: Math.max(1, Math.ceil(answer.retryAfterMs / 1000)) }),
      ...(answer.error.field === undefined
        ? {}
        : { fields: [{ field: `body.payload.${answer.error.field}`, reason: message }] }),
    });
  }
  if (answer.kind !== 'whole') throw new HubError('internal', 'A stream came where none was asked for.');
  if (answer.status >= 400)
    throw new HubError('unprocessable', `The provider refused the task (${answer.status}, call ${answer.id}).`);
  tally.answers.push(answer);
  tally.usage.inputTokens += answer.usage?.inputTokens ?? 0;
  tally.usage.outputTokens += answer.usage?.outputTokens ?? 0;
  tally.modelMs += answer.latencyMs - answer.overheadMs;
  return str(member(member(objects(answer.body?.choices)[0], 'message'), 'content'));
}

/** JSON that a model wrote: alone, fenced, or with words around it. Undefined when there is none. */
export function jsonIn(text: string): unknown {
  const fenced = /```(?:json)?\s*([\s\S]*?)```/.exec(text)?.[1];
  for (const tried of [text, fenced, text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)]) {
    if (tried === undefined || tried.trim() === '') continue;
    try {
      return JSON.parse(tried);
    } catch {
      // The next way to read it may do.
    }
  }
  return undefined;
}

/** Has a model answer in JSON of a shape: it is told once what was wrong, then the failure is said. */
export async function tellJson<T>(
  ask: (messages: readonly Message[]) => Promise<string>,
  messages: readonly Message[],
  validator: z.ZodType<T>,
): Promise<T> {
  const first = await ask(messages);
  const judged = judge(first, validator);
  if (judged.ok) return judged.value;
  const again = await ask([
    ...messages,
    { role: 'assistant', content: first.slice(0, 20_000) || '(nothing)' },
    { role: 'user', content: `That does not fit: ${judged.reason}. Answer again with the JSON alone.` },
  ]);
  const repaired = judge(again, validator);
  if (repaired.ok) return repaired.value;
  throw new HubError(
    'unprocessable',
    `The model's answer does not fit the schema, and neither did its correction: ${repaired.reason}.`,
  );
}

function judge<T>(text: string, validator: z.ZodType<T>): { ok: true; value: T } | { ok: false; reason: string } {
  const value = jsonIn(text);
  if (value === undefined) return { ok: false, reason: 'it holds no JSON' };
  const parsed = validator.safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data };
  const reasons = fieldErrors(parsed.error.issues).map(({ field, reason }) => `${field}: ${reason}`);
  return { ok: false, reason: reasons.slice(0, 10).join('; ').slice(0, 1000) };
}
