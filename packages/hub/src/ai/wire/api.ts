import type { AiApi } from '@orrery/protocol';
import type { Usage } from '../types.ts';

export type Json = Record<string, unknown>;
export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const count = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) && value > 0 ? Math.trunc(value) : 0;
const at = (value: unknown, name: string): unknown => (isObject(value) ? value[name] : undefined);
const some = (name: string, value: unknown): Json =>
  typeof value === 'number' && value > 0 ? { [name]: count(value) } : {};

/** What one event of a stream means, whatever else it holds. */
export type Sight = {
  /** Something that the caller would miss: text, a tool call, a reason to stop. */
  content?: boolean;
  /** Characters of text. */
  chars?: number;
  /** The answer is whole. */
  done?: boolean;
  /** How many of the answers that were asked for at once have come to their end. */
  finished?: number;
  error?: string;
  usage?: Usage;
};

/** What the hub must understand of an API's answers to watch over them. Pure. */
export type ApiShape = {
  readonly protocol: 'openai' | 'anthropic';
  usage(body: Json): Usage | undefined;
  /** Whether a 2xx body is an answer at all. */
  isAnswer(body: Json): boolean;
  sight(event: string | undefined, data: string): Sight;
  /** Whether an event could say more than that content goes on: only then it is read once content has begun. */
  mayMatter(text: string): boolean;
};

const openaiUsage = (usage: unknown): Usage | undefined => {
  if (!isObject(usage)) return undefined;
  return {
    inputTokens: count(usage.prompt_tokens ?? usage.input_tokens),
    outputTokens: count(usage.completion_tokens ?? usage.output_tokens),
    ...some('cacheReadTokens', at(usage.prompt_tokens_details ?? usage.input_tokens_details, 'cached_tokens')),
    ...some('reasoningTokens', at(usage.completion_tokens_details ?? usage.output_tokens_details, 'reasoning_tokens')),
  };
};

/** Anthropic counts cached tokens beside the others. */
const anthropicUsage = (usage: unknown): Usage | undefined => {
  if (!isObject(usage)) return undefined;
  const [read, written] = [count(usage.cache_read_input_tokens), count(usage.cache_creation_input_tokens)];
  return {
    inputTokens: count(usage.input_tokens) + read + written,
    outputTokens: count(usage.output_tokens),
    ...some('cacheReadTokens', read),
    ...some('cacheWriteTokens', written),
    ...some('reasoningTokens', at(usage.output_tokens_details, 'thinking_tokens')),
  };
};

function parse(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}

const broken: Sight = { error: 'an event of the stream is no valid JSON' };
const lengthOf = (value: unknown): number => (typeof value === 'string' ? value.length : 0);
const failed = (error: unknown): string =>
  `the provider sent an error (${String(at(error, 'type') ?? at(error, 'code') ?? 'error').slice(0, 60)})`;

function chatSight(_: string | undefined, data: string): Sight {
  if (data === '[DONE]') return { done: true };
  const body = parse(data);
  if (!isObject(body)) return broken;
  if (body.error !== undefined && body.error !== null) return { error: failed(body.error) };
  const usage = openaiUsage(body.usage);
  let content = false;
  let chars = 0;
  let finished = 0;
  for (const choice of Array.isArray(body.choices) ? body.choices : []) {
    const delta = at(choice, 'delta');
    const text =
      lengthOf(at(delta, 'content')) +
      lengthOf(at(delta, 'refusal')) +
      lengthOf(at(delta, 'reasoning_content') ?? at(delta, 'reasoning'));
    const calls = at(delta, 'tool_calls');
    for (const call of Array.isArray(calls) ? calls : []) chars += lengthOf(at(at(call, 'function'), 'arguments'));
    chars += text;
    const finish = at(choice, 'finish_reason');
    if (finish === 'error') return { error: 'the provider sent an error (finish_reason)' };
    if (typeof finish === 'string') finished += 1;
    content ||= text > 0 || (Array.isArray(calls) && calls.length > 0) || isObject(at(delta, 'audio')) || finished > 0;
  }
  return { content, chars, ...(finished > 0 ? { finished } : {}), ...(usage ? { usage } : {}) };
}

function messagesSight(event: string | undefined, data: string): Sight {
  const body = parse(data);
  if (!isObject(body)) return broken;
  switch (body.type ?? event) {
    case 'error':
      return { error: failed(body.error) };
    case 'message_start': {
      const usage = anthropicUsage(at(body.message, 'usage'));
      return usage ? { usage } : {};
    }
    case 'content_block_start':
      return { content: at(body.content_block, 'type') !== 'text' || lengthOf(at(body.content_block, 'text')) > 0 };
    case 'content_block_delta': {
      const { delta } = body;
      const chars = lengthOf(at(delta, 'text')) + lengthOf(at(delta, 'partial_json')) + lengthOf(at(delta, 'thinking'));
      return { content: true, chars };
    }
    case 'message_delta': {
      const usage = anthropicUsage(body.usage);
      return { content: typeof at(body.delta, 'stop_reason') === 'string', ...(usage ? { usage } : {}) };
    }
    case 'message_stop':
      return { content: true, done: true };
    default:
      return {};
  }
}

function responsesSight(event: string | undefined, data: string): Sight {
  const body = parse(data);
  if (!isObject(body)) return broken;
  const type = String(body.type ?? event ?? '');
  if (type === 'error') return { error: failed(body.error ?? body) };
  if (type === 'response.failed') return { error: failed(at(body.response, 'error')) };
  const usage = openaiUsage(at(body.response, 'usage'));
  if (type === 'response.completed' || type === 'response.incomplete')
    return { content: true, done: true, ...(usage ? { usage } : {}) };
  if (type.endsWith('.delta')) return { content: true, chars: lengthOf(body.delta) };
  return { content: type.endsWith('.done') };
}

const usageOf = (read: (usage: unknown) => Usage | undefined) => (body: Json) => read(body.usage);

export const APIS: Readonly<Record<AiApi, ApiShape>> = {
  chat: {
    protocol: 'openai',
    usage: usageOf(openaiUsage),
    isAnswer: (body) => Array.isArray(body.choices) && body.choices.length > 0,
    sight: chatSight,
    mayMatter: (text) => /"usage"|"error"|\[DONE\]|"finish_reason"\s*:\s*"/.test(text),
  },
  responses: {
    protocol: 'openai',
    usage: usageOf(openaiUsage),
    isAnswer: (body) => Array.isArray(body.output) && body.status !== 'failed',
    sight: responsesSight,
    mayMatter: (text) => /response\.(completed|incomplete|failed)|"error"|event: ?error/.test(text),
  },
  messages: {
    protocol: 'anthropic',
    usage: usageOf(anthropicUsage),
    isAnswer: (body) => body.type === 'message' && Array.isArray(body.content),
    sight: messagesSight,
    mayMatter: (text) => /message_(start|delta|stop)|"error"|event: ?error/.test(text),
  },
  embeddings: {
    protocol: 'openai',
    usage: usageOf(openaiUsage),
    isAnswer: (body) => Array.isArray(body.data),
    sight: () => ({}),
    mayMatter: () => false,
  },
};

/** Later figures of a stream replace earlier ones: Anthropic tells the input first and the output last. */
export function mergeUsage(known: Usage | undefined, next: Usage | undefined): Usage | undefined {
  if (!known || !next) return next ?? known;
  return {
    ...known,
    ...next,
    inputTokens: Math.max(known.inputTokens, next.inputTokens),
    outputTokens: Math.max(known.outputTokens, next.outputTokens),
  };
}
