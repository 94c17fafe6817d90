import type { Provider } from '../providers/book.ts';
import type { ProviderKey } from '../providers/keys.ts';
import type { Chosen } from '../routing/decide.ts';
import { bridgeOf, CannotCarry } from '../translate/index.ts';
import type { Guardrail } from '../types.ts';
import type { Json } from '../wire/api.ts';
import { spliceString } from '../wire/splice.ts';
import type { Prepared } from './prepare.ts';

export type Outgoing =
  | { ok: true; headers: Record<string, string>; body: Buffer | string }
  | { ok: false; why: 'guardrail' | 'untranslatable'; field?: string; reason: string };

/**
 * The request for one provider. With the caller's own API the bytes are the caller's own, but for the model's name where the provider's
 * differs; with another it is translated, or refused by the field that cannot be carried.
 */
export function outgoing(
  call: Prepared,
  chosen: Chosen,
  provider: Provider,
  key: ProviderKey,
  guardrail: Guardrail | undefined,
): Outgoing {
  const judged = guardrail?.check(call.facts, call.body, { local: provider.local });
  if (judged && !judged.ok) return { ok: false, why: 'guardrail', reason: judged.reason };
  const changed = judged && judged.body !== call.body;
  const body = (changed ? judged.body : call.body) as Json;
  const bridge = bridgeOf(call.api, chosen.api);
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: call.facts.stream ? 'text/event-stream' : 'application/json',
    // Bytes pass as they are, so they must not be packed.
    'accept-encoding': 'identity',
    ...provider.family.auth(key.secret),
  };
  if (!bridge)
    for (const name of provider.family.passes) {
      const value = call.headers[name];
      if (typeof value === 'string') headers[name] = value;
    }
  if (bridge)
    try {
      return { ok: true, headers, body: JSON.stringify({ ...bridge.request(body), model: chosen.model }) };
    } catch (error) {
      if (!(error instanceof CannotCarry)) throw error;
      return { ok: false, why: 'untranslatable', field: error.field, reason: error.message };
    }
  if (changed) return { ok: true, headers, body: JSON.stringify({ ...body, model: chosen.model }) };
  if (body.model === chosen.model) return { ok: true, headers, body: call.bytes };
  if (body.model === undefined) return { ok: true, headers, body: JSON.stringify({ ...body, model: chosen.model }) };
  return { ok: true, headers, body: spliceString(call.bytes.toString('utf8'), 'model', chosen.model) };
}
