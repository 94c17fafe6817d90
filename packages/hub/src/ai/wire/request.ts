import type { AiApi, AiCapability } from '@orrery/protocol';
import { isObject, type Json } from './api.ts';

/** What of a request matters to routing and accounts; the rest is between caller and provider. */
export type ReadRequest = {
  model: string;
  stream: boolean;
  needs: AiCapability[];
  inputTokens: number;
  maxOutputTokens: number;
  user: string | undefined;
};
export type RequestFault = { field: string; reason: string };

const DEFAULT_OUTPUT = 1024;
/** Four characters make about a token; an image about 1,100. */
const CHARS_PER_TOKEN = 4;
const IMAGE_TOKENS = 1100;
/** Fields with which other gateways were made to send their keys elsewhere: named here so that the refusal says why. */
const STEERING = ['api_base', 'base_url', 'baseURL', 'endpoint', 'proxy', 'headers', 'api_key', 'extra_headers'];

/** Reads a request of one API; says which field is wrong where one is. Unknown fields pass. Pure. */
export function readRequest(api: AiApi, body: unknown, length: number): ReadRequest | RequestFault {
  if (!isObject(body)) return { field: 'body', reason: 'must be a JSON object' };
  const steers = STEERING.find((name) => Object.hasOwn(body, name));
  if (steers) return { field: steers, reason: 'is not accepted: where a call goes is the hub’s to say' };
  const { model = 'auto', stream } = body;
  if (typeof model !== 'string' || model === '' || model.length > 200)
    return { field: 'model', reason: 'must be the name of a model' };
  if (stream !== undefined && stream !== null && typeof stream !== 'boolean')
    return { field: 'stream', reason: 'must be true or false' };
  const missing = { chat: 'messages', messages: 'messages', responses: undefined, embeddings: 'input' }[api];
  if (missing && body[missing] === undefined) return { field: missing, reason: 'is missing' };
  if ((api === 'chat' || api === 'messages') && !Array.isArray(body.messages))
    return { field: 'messages', reason: 'must be a list' };
  const images = api === 'embeddings' ? { count: 0, chars: 0 } : imagesOf(body);
  return {
    model,
    stream: stream === true && api !== 'embeddings',
    needs: needsOf(body, images.count),
    inputTokens: Math.ceil(Math.max(0, length - images.chars) / CHARS_PER_TOKEN) + images.count * IMAGE_TOKENS,
    maxOutputTokens:
      api === 'embeddings'
        ? 0
        : answersAsked(body) *
          (positive(body.max_completion_tokens) ??
            positive(body.max_output_tokens) ??
            positive(body.max_tokens) ??
            DEFAULT_OUTPUT),
    user: userOf(body),
  };
}

/** How many answers a request asks for at once. */
export function answersAsked(body: Json): number {
  return Math.max(1, positive(body.n) ?? 1);
}

const positive = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) && value > 0 ? Math.trunc(value) : undefined;

function userOf(body: Json): string | undefined {
  const named = body.safety_identifier ?? body.user ?? (isObject(body.metadata) ? body.metadata.user_id : undefined);
  return typeof named === 'string' && named !== '' ? named.slice(0, 256) : undefined;
}

function needsOf(body: Json, images: number): AiCapability[] {
  const { tools, response_format: format, text, output_config: output } = body;
  const structured =
    (isObject(format) && format.type === 'json_schema') ||
    (isObject(text) && isObject(text.format) && text.format.type === 'json_schema') ||
    (isObject(output) && isObject(output.format));
  return [
    ...(Array.isArray(tools) && tools.length > 0 ? (['tools'] as const) : []),
    ...(images > 0 ? (['images'] as const) : []),
    ...(structured ? (['structured'] as const) : []),
  ];
}

const IMAGE_TYPES = new Set(['image_url', 'image', 'input_image']);
/** How many images there are, and how many characters of the request they are. */
function imagesOf(body: Json): { count: number; chars: number } {
  const messages = Array.isArray(body.messages) ? body.messages : Array.isArray(body.input) ? body.input : [];
  let [count, chars] = [0, 0];
  for (const message of messages)
    if (isObject(message) && Array.isArray(message.content))
      for (const part of message.content)
        if (isObject(part) && IMAGE_TYPES.has(String(part.type))) {
          count += 1;
          const { image_url: url, source } = part;
          const data = isObject(url) ? url.url : isObject(source) ? source.data : url;
          chars += typeof data === 'string' ? data.length : 0;
        }
  return { count, chars };
}
