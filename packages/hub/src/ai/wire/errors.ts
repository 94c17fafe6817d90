import type { AiApi } from '@orrery/protocol';
import { writeEvent } from './events.ts';

/** What a caller is told, in no protocol yet. `field` names what is wrong with the request. */
export type WireError = { status: number; code: string; message: string; field?: string | undefined };

const OPENAI_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'insufficient_quota',
  403: 'permission_error',
  404: 'invalid_request_error',
  413: 'invalid_request_error',
  415: 'invalid_request_error',
  422: 'invalid_request_error',
  429: 'rate_limit_error',
};
const ANTHROPIC_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  415: 'invalid_request_error',
  422: 'invalid_request_error',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

const protocolOf = (api: AiApi | 'models'): 'openai' | 'anthropic' => (api === 'messages' ? 'anthropic' : 'openai');

function openaiError(error: WireError) {
  const type = OPENAI_TYPES[error.status] ?? 'server_error';
  return { message: error.message, type, param: error.field ?? null, code: error.code };
}
const anthropicError = (error: WireError, requestId: string) => ({
  type: 'error',
  error: { type: ANTHROPIC_TYPES[error.status] ?? 'api_error', message: error.message },
  request_id: requestId,
});

/** The body of an error in the caller's protocol. */
export const errorBody = (api: AiApi | 'models', error: WireError, requestId: string): string =>
  JSON.stringify(protocolOf(api) === 'anthropic' ? anthropicError(error, requestId) : { error: openaiError(error) });

/** The event with which a stream ends whose content has begun. */
export function errorEvent(api: AiApi, error: WireError, requestId: string): string {
  if (api === 'messages') return writeEvent({ event: 'error', data: anthropicError(error, requestId) });
  if (api === 'responses') {
    const { message, code, param } = openaiError(error);
    return writeEvent({ event: 'error', data: { type: 'error', code, message, param, sequence_number: 1_000_000 } });
  }
  return writeEvent({ data: { error: openaiError(error) } });
}
