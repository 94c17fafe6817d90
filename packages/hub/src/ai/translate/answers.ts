import { isObject, type Json } from '../wire/api.ts';
import { given, parseJson } from './bridge.ts';

export const num = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0);
export const str = (value: unknown): string => (typeof value === 'string' ? value : '');
export const objects = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : []);
export const member = (value: unknown, name: string): unknown => (isObject(value) ? value[name] : undefined);

/** Reasons to stop, from Anthropic's to OpenAI's. One that OpenAI has no word for becomes the nearest that is no lie. */
const TO_FINISH: Readonly<Record<string, string>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  refusal: 'content_filter',
  pause_turn: 'stop',
};
const TO_STOP: Readonly<Record<string, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  function_call: 'tool_use',
  content_filter: 'refusal',
};
export const finishOf = (stop: unknown): string => TO_FINISH[str(stop)] ?? 'stop';
export const stopOf = (finish: unknown): string => TO_STOP[str(finish)] ?? 'end_turn';

/** Anthropic counts what came from its cache beside the rest; OpenAI counts it in. */
export function chatUsage(usage: unknown): Json {
  const [read, written] = [
    num(member(usage, 'cache_read_input_tokens')),
    num(member(usage, 'cache_creation_input_tokens')),
  ];
  const prompt = num(member(usage, 'input_tokens')) + read + written;
  const completion = num(member(usage, 'output_tokens'));
  const reasoning = num(member(member(usage, 'output_tokens_details'), 'thinking_tokens'));
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: read },
    ...(reasoning > 0 ? { completion_tokens_details: { reasoning_tokens: reasoning } } : {}),
  };
}
export function messagesUsage(usage: unknown): Json {
  const read = num(member(member(usage, 'prompt_tokens_details'), 'cached_tokens'));
  return {
    input_tokens: Math.max(0, num(member(usage, 'prompt_tokens')) - read),
    output_tokens: num(member(usage, 'completion_tokens')),
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: read,
  };
}

/** Anthropic's answer as a chat completion. Thinking is not carried: OpenAI has no place for it. */
export function messageToChat(body: Json): Json {
  const blocks = objects(body.content);
  const words = blocks.flatMap((block) => (block.type === 'text' ? [str(block.text)] : [])).join('');
  const calls = blocks.flatMap((block) =>
    block.type === 'tool_use'
      ? [
          {
            id: block.id,
            type: 'function',
            function: { name: block.name, arguments: JSON.stringify(block.input ?? {}) },
          },
        ]
      : [],
  );
  return {
    id: body.id,
    object: 'chat.completion',
    created: Math.trunc(Date.now() / 1000),
    model: body.model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: words === '' && calls.length > 0 ? null : words,
          refusal: null,
          ...(calls.length > 0 ? { tool_calls: calls } : {}),
        },
        logprobs: null,
        finish_reason: finishOf(body.stop_reason),
      },
    ],
    usage: chatUsage(body.usage),
  };
}

/** A chat completion as Anthropic's answer. */
export function chatToMessage(body: Json): Json {
  const [choice] = objects(body.choices);
  const message = member(choice, 'message');
  const words = str(member(message, 'content')) || str(member(message, 'refusal'));
  const calls = objects(member(message, 'tool_calls'));
  return {
    id: body.id,
    type: 'message',
    role: 'assistant',
    model: body.model,
    content: [
      ...(words === '' ? [] : [{ type: 'text', text: words, citations: null }]),
      ...calls.map(({ id, function: called }) => ({
        type: 'tool_use',
        id,
        name: member(called, 'name'),
        input: parseJson(str(member(called, 'arguments')) || '{}') ?? {},
      })),
    ],
    stop_reason: str(member(message, 'refusal')) ? 'refusal' : stopOf(choice?.finish_reason),
    stop_sequence: null,
    usage: messagesUsage(body.usage),
  };
}

/** The head of every chunk of a chat stream. */
export const chunk = (id: unknown, model: unknown, created: number, rest: Json): Json =>
  given({ id, object: 'chat.completion.chunk', created, model, ...rest });
