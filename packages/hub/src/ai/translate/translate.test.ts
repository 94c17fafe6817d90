import { describe, expect, test } from 'vitest';
import type { Json } from '../wire/api.ts';
import { CannotCarry } from './bridge.ts';
import { bridgeOf } from './index.ts';

const bridge = (from: 'chat' | 'messages' | 'responses', to: 'chat' | 'messages') => {
  const found = bridgeOf(from, to);
  if (!found) throw new Error('no bridge');
  return found;
};
const user = { role: 'user', content: 'Hi' };
const chat = (more: Json): Json => ({ model: 'm', messages: [user], max_tokens: 9, ...more });
const schema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false };
const tool = { name: 'look', description: 'Looks', parameters: schema };
const call = { id: 'c1', type: 'function', function: { name: 'look', arguments: '{"a":"b"}' } };
const PNG = 'iVBORw0KGgo=';
/** The message that every row has, in Anthropic's words. */
const anthropicUser = { role: 'user', content: [{ type: 'text', text: 'Hi' }] };

describe('a chat completion in Anthropic’s words, field by field', () => {
  test.each<[string, Json, Json]>([
    ['max_tokens', { max_tokens: 9 }, { max_tokens: 9 }],
    ['max_completion_tokens', { max_tokens: undefined, max_completion_tokens: 8 }, { max_tokens: 8 }],
    ['temperature', { temperature: 0.4 }, { temperature: 0.4 }],
    ['top_p', { top_p: 0.9 }, { top_p: 0.9 }],
    ['stop', { stop: 'END' }, { stop_sequences: ['END'] }],
    ['stop list', { stop: ['A', 'B'] }, { stop_sequences: ['A', 'B'] }],
    ['stream', { stream: true, stream_options: { include_usage: true } }, { stream: true }],
    ['user', { user: 'u-1' }, { metadata: { user_id: 'u-1' } }],
    ['system', { messages: [{ role: 'system', content: 'Be brief' }, user] }, { system: 'Be brief' }],
    ['developer', { messages: [{ role: 'developer', content: 'Be brief' }, user] }, { system: 'Be brief' }],
    [
      'tools',
      { tools: [{ type: 'function', function: tool }] },
      { tools: [{ name: 'look', description: 'Looks', input_schema: schema }] },
    ],
    ['tool_choice auto', { tool_choice: 'auto' }, { tool_choice: { type: 'auto' } }],
    ['tool_choice required', { tool_choice: 'required' }, { tool_choice: { type: 'any' } }],
    ['tool_choice none', { tool_choice: 'none' }, { tool_choice: { type: 'none' } }],
    [
      'tool_choice named',
      { tool_choice: { type: 'function', function: { name: 'look' } } },
      { tool_choice: { type: 'tool', name: 'look' } },
    ],
    [
      'parallel_tool_calls',
      { parallel_tool_calls: false },
      { tool_choice: { type: 'auto', disable_parallel_tool_use: true } },
    ],
    [
      'response_format',
      { response_format: { type: 'json_schema', json_schema: { name: 'x', schema, strict: true } } },
      { output_config: { format: { type: 'json_schema', schema } } },
    ],
    ['reasoning_effort', { reasoning_effort: 'low' }, { output_config: { effort: 'low' } }],
    ['defaults say nothing', { n: 1, presence_penalty: 0, logprobs: false, store: false }, {}],
  ])('%s', (_, asked, expected) => {
    const { stop_sequences, ...rest } = bridge('chat', 'messages').request(chat(asked));
    const whole = { ...rest, ...(stop_sequences ? { stop_sequences } : {}) };
    expect(whole).toEqual({ model: 'm', max_tokens: 9, messages: [anthropicUser], ...expected });
  });

  test('images, tool calls and their results', () => {
    const messages = [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'See' },
          { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } },
          { type: 'image_url', image_url: { url: 'https://x/y.png' } },
        ],
      },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'c1', content: 'found' },
      user,
    ];
    expect(bridge('chat', 'messages').request(chat({ messages })).messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'See' },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
          { type: 'image', source: { type: 'url', url: 'https://x/y.png' } },
        ],
      },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'c1', name: 'look', input: { a: 'b' } }] },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'c1', content: 'found' },
          { type: 'text', text: 'Hi' },
        ],
      },
    ]);
  });

  test.each<[string, Json]>([
    ['n', { n: 2 }],
    ['seed', { seed: 1 }],
    ['logit_bias', { logit_bias: { 1: 2 } }],
    ['frequency_penalty', { frequency_penalty: 0.5 }],
    ['temperature', { temperature: 1.5 }],
    ['logprobs', { logprobs: true }],
    ['store', { store: true }],
    ['metadata', { metadata: { a: 'b' } }],
    ['web_search_options', { web_search_options: {} }],
    ['unheard_of', { unheard_of: 1 }],
    ['response_format.type', { response_format: { type: 'json_object' } }],
    ['reasoning_effort', { reasoning_effort: 'minimal' }],
    ['tools.0.type', { tools: [{ type: 'custom' }] }],
    ['messages.0.name', { messages: [{ ...user, name: 'Ada' }] }],
    ['messages.1.role', { messages: [user, { role: 'system', content: 'late' }] }],
    [
      'messages.0.content.0.type',
      { messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: {} }] }] },
    ],
    [
      'messages.0.content.0.image_url.detail',
      {
        messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://x', detail: 'high' } }] }],
      },
    ],
  ])('refuses %s, by its name', (field, asked) => {
    expect(fieldOf(() => bridge('chat', 'messages').request(chat(asked)))).toBe(field);
  });
});

describe('a message in OpenAI’s words, field by field', () => {
  test.each<[string, Json, Json]>([
    ['system', { system: 'Be brief' }, { messages: [{ role: 'system', content: 'Be brief' }, user] }],
    [
      'system blocks',
      {
        system: [
          { type: 'text', text: 'A' },
          { type: 'text', text: 'B' },
        ],
      },
      { messages: [{ role: 'system', content: 'A\n\nB' }, user] },
    ],
    ['temperature', { temperature: 0.4 }, { temperature: 0.4 }],
    ['top_p', { top_p: 0.9 }, { top_p: 0.9 }],
    ['stop_sequences', { stop_sequences: ['A'] }, { stop: ['A'] }],
    ['stream', { stream: true }, { stream: true, stream_options: { include_usage: true } }],
    ['metadata.user_id', { metadata: { user_id: 'u' } }, { user: 'u' }],
    [
      'tools',
      { tools: [{ name: 'look', description: 'Looks', input_schema: schema }] },
      { tools: [{ type: 'function', function: tool }] },
    ],
    ['tool_choice any', { tool_choice: { type: 'any' } }, { tool_choice: 'required' }],
    [
      'tool_choice tool',
      { tool_choice: { type: 'tool', name: 'look' } },
      { tool_choice: { type: 'function', function: { name: 'look' } } },
    ],
    [
      'disable_parallel_tool_use',
      { tool_choice: { type: 'auto', disable_parallel_tool_use: true } },
      { tool_choice: 'auto', parallel_tool_calls: false },
    ],
    [
      'output_config',
      { output_config: { format: { type: 'json_schema', schema }, effort: 'high' } },
      {
        response_format: { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } },
        reasoning_effort: 'high',
      },
    ],
    ['thinking disabled', { thinking: { type: 'disabled' } }, {}],
  ])('%s', (_, asked, expected) => {
    expect(bridge('messages', 'chat').request(chat(asked))).toEqual({
      model: 'm',
      max_tokens: 9,
      messages: [user],
      ...expected,
    });
  });

  test('images, tool calls and their results', () => {
    const messages = [
      {
        role: 'user',
        content: [
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
          { type: 'text', text: 'See' },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'Looking' },
          { type: 'tool_use', id: 'c1', name: 'look', input: { a: 'b' } },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'c1', content: [{ type: 'text', text: 'found' }] },
          { type: 'text', text: 'Hi' },
        ],
      },
    ];
    expect(bridge('messages', 'chat').request(chat({ messages })).messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } },
          { type: 'text', text: 'See' },
        ],
      },
      { role: 'assistant', content: 'Looking', tool_calls: [call] },
      { role: 'tool', tool_call_id: 'c1', content: 'found' },
      user,
    ]);
  });

  test.each<[string, Json]>([
    ['thinking', { thinking: { type: 'enabled', budget_tokens: 1024 } }],
    ['top_k', { top_k: 5 }],
    ['container', { container: 'x' }],
    ['cache_control', { cache_control: { type: 'ephemeral' } }],
    ['system.0.cache_control', { system: [{ type: 'text', text: 'A', cache_control: { type: 'ephemeral' } }] }],
    ['tools.0.type', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }],
    ['output_config.effort', { output_config: { effort: 'max' } }],
    ['messages.0.content.0.type', { messages: [{ role: 'user', content: [{ type: 'document', source: {} }] }] }],
    [
      'messages.0.content.0.is_error',
      { messages: [{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c', is_error: true }] }] },
    ],
  ])('refuses %s, by its name', (field, asked) => {
    expect(fieldOf(() => bridge('messages', 'chat').request(chat(asked)))).toBe(field);
  });
});

describe('a request of the Responses API in Chat’s words', () => {
  const ask = (more: Json): Json => ({ model: 'm', input: 'Hi', ...more });
  test.each<[string, Json, Json]>([
    ['instructions', { instructions: 'Be brief' }, { messages: [{ role: 'system', content: 'Be brief' }, user] }],
    ['input items', { input: [{ role: 'user', content: [{ type: 'input_text', text: 'Hi' }] }] }, {}],
    ['max_output_tokens', { max_output_tokens: 5 }, { max_completion_tokens: 5 }],
    [
      'text.format',
      { text: { format: { type: 'json_schema', name: 'x', schema, strict: true } } },
      { response_format: { type: 'json_schema', json_schema: { name: 'x', schema, strict: true } } },
    ],
    ['reasoning', { reasoning: { effort: 'low' } }, { reasoning_effort: 'low' }],
    [
      'tools',
      { tools: [{ type: 'function', ...tool, strict: true }] },
      { tools: [{ type: 'function', function: { ...tool, strict: true } }] },
    ],
    [
      'tool_choice',
      { tool_choice: { type: 'function', name: 'look' } },
      { tool_choice: { type: 'function', function: { name: 'look' } } },
    ],
    [
      'a call and its output',
      {
        input: [
          { role: 'user', content: 'Hi' },
          { type: 'function_call', call_id: 'c1', name: 'look', arguments: '{"a":"b"}' },
          { type: 'function_call_output', call_id: 'c1', output: 'found' },
        ],
      },
      {
        messages: [
          user,
          { role: 'assistant', content: null, tool_calls: [call] },
          { role: 'tool', tool_call_id: 'c1', content: 'found' },
        ],
      },
    ],
    ['store false', { store: false }, {}],
  ])('%s', (_, asked, expected) => {
    expect(bridge('responses', 'chat').request(ask(asked))).toEqual({ model: 'm', messages: [user], ...expected });
  });
  test.each<[string, Json]>([
    ['store', { store: true }],
    ['previous_response_id', { previous_response_id: 'resp_1' }],
    ['background', { background: true }],
    ['include', { include: ['reasoning.encrypted_content'] }],
    ['tools.0.type', { tools: [{ type: 'web_search' }] }],
    ['input.0.type', { input: [{ type: 'item_reference', id: 'x' }] }],
  ])('refuses %s, by its name', (field, asked) => {
    expect(fieldOf(() => bridge('responses', 'chat').request(ask(asked)))).toBe(field);
  });
});

describe('answers', () => {
  const message = (more: Json): Json => ({
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'c',
    content: [{ type: 'text', text: 'Hello' }],
    stop_reason: 'end_turn',
    usage: { input_tokens: 5, output_tokens: 2 },
    ...more,
  });
  const completion = (finish: string, more: Json = {}): Json => ({
    id: 'x',
    model: 'g',
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hello', ...more }, finish_reason: finish }],
    usage: { prompt_tokens: 7, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 3 } },
  });

  test.each([
    ['end_turn', 'stop'],
    ['max_tokens', 'length'],
    ['stop_sequence', 'stop'],
    ['tool_use', 'tool_calls'],
    ['refusal', 'content_filter'],
    ['model_context_window_exceeded', 'length'],
  ])('Anthropic’s %s is OpenAI’s %s', (stop, finish) => {
    const answer = bridge('chat', 'messages').answer(message({ stop_reason: stop }), chat({}));
    expect(answer).toMatchObject({ choices: [{ message: { content: 'Hello' }, finish_reason: finish }] });
  });
  test.each([
    ['stop', 'end_turn'],
    ['length', 'max_tokens'],
    ['tool_calls', 'tool_use'],
    ['content_filter', 'refusal'],
  ])('OpenAI’s %s is Anthropic’s %s', (finish, stop) => {
    const answer = bridge('messages', 'chat').answer(completion(finish), chat({}));
    expect(answer).toMatchObject({ content: [{ type: 'text', text: 'Hello' }], stop_reason: stop });
  });
  test('usage: Anthropic counts its cache beside the rest, OpenAI counts it in', () => {
    const usage = { input_tokens: 5, output_tokens: 2, cache_read_input_tokens: 3, cache_creation_input_tokens: 1 };
    expect(bridge('chat', 'messages').answer(message({ usage }), chat({})).usage).toMatchObject({
      ...{ prompt_tokens: 9, completion_tokens: 2, total_tokens: 11, prompt_tokens_details: { cached_tokens: 3 } },
    });
    expect(bridge('messages', 'chat').answer(completion('stop'), chat({})).usage).toMatchObject({
      ...{ input_tokens: 4, output_tokens: 2, cache_read_input_tokens: 3 },
    });
  });
  test('tool calls, both ways', () => {
    const used = { type: 'tool_use', id: 'c1', name: 'look', input: { a: 'b' } };
    expect(bridge('chat', 'messages').answer(message({ content: [used] }), chat({}))).toMatchObject({
      choices: [{ message: { content: null, tool_calls: [call] } }],
    });
    expect(
      bridge('messages', 'chat').answer(completion('tool_calls', { content: null, tool_calls: [call] }), chat({})),
    ).toMatchObject({ content: [used] });
    expect(
      bridge('responses', 'chat').answer(completion('tool_calls', { content: null, tool_calls: [call] }), {}),
    ).toMatchObject({
      status: 'completed',
      output: [{ type: 'function_call', call_id: 'c1', name: 'look', arguments: '{"a":"b"}' }],
    });
  });
  test('a response that ran out of tokens is incomplete', () => {
    expect(bridge('responses', 'chat').answer(completion('length'), {})).toMatchObject({
      ...{ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } },
    });
  });
});

describe('streams of tool calls', () => {
  const chunk = (delta: Json, finish: string | null = null) => ({
    data: JSON.stringify({ id: 'x', model: 'g', choices: [{ index: 0, delta, finish_reason: finish }] }),
  });
  const chatStream = [
    chunk({ role: 'assistant', content: 'Let me ' }),
    chunk({ content: 'look' }),
    chunk({ tool_calls: [{ index: 0, id: 'c1', type: 'function', function: { name: 'look', arguments: '' } }] }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: '{"a":' } }] }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: '"b"}' } }] }),
    chunk({}, 'tool_calls'),
    { data: JSON.stringify({ id: 'x', model: 'g', choices: [], usage: { prompt_tokens: 4, completion_tokens: 6 } }) },
    { data: '[DONE]' },
  ];

  test('OpenAI’s chunks as Anthropic’s events', () => {
    const stream = bridge('messages', 'chat').stream(chat({}));
    const events = [...chatStream.flatMap((event) => stream.take(event)), ...stream.end()];
    expect(events.map(({ event }) => event)).toEqual([
      ...['message_start', 'content_block_start', 'content_block_delta', 'content_block_delta', 'content_block_stop'],
      ...['content_block_start', 'content_block_delta', 'content_block_delta', 'content_block_stop'],
      ...['message_delta', 'message_stop'],
    ]);
    expect(events[5]?.data).toMatchObject({
      index: 1,
      content_block: { type: 'tool_use', id: 'c1', name: 'look', input: {} },
    });
    expect(events.at(-2)?.data).toMatchObject({
      delta: { stop_reason: 'tool_use' },
      usage: { input_tokens: 4, output_tokens: 6 },
    });
  });

  test('and back again: the same words, calls and figures', () => {
    const there = bridge('messages', 'chat').stream(chat({}));
    const anthropic = [...chatStream.flatMap((event) => there.take(event)), ...there.end()];
    const back = bridge('chat', 'messages').stream(chat({ stream_options: { include_usage: true } }));
    const chunks = anthropic.flatMap(({ event, data }) => back.take({ event, data: JSON.stringify(data) }));
    const bodies = chunks.flatMap(({ data }) =>
      data === '[DONE]'
        ? []
        : [
            data as {
              choices: {
                delta: { content?: string; tool_calls?: { function: { arguments: string } }[] };
                finish_reason: string | null;
              }[];
              usage?: Json;
            },
          ],
    );
    const deltas = bodies.flatMap(({ choices }) => choices);
    expect(deltas.map(({ delta }) => delta.content ?? '').join('')).toBe('Let me look');
    expect(
      deltas
        .flatMap(({ delta }) => delta.tool_calls ?? [])
        .map((one) => one.function.arguments)
        .join(''),
    ).toBe('{"a":"b"}');
    expect(deltas.at(-1)?.finish_reason).toBe('tool_calls');
    expect(bodies.at(-1)?.usage).toMatchObject({ prompt_tokens: 4, completion_tokens: 6 });
    expect(chunks.at(-1)?.data).toBe('[DONE]');
  });

  test('OpenAI’s chunks as the events of a response, numbered without a gap', () => {
    const stream = bridge('responses', 'chat').stream({});
    const events = [...chatStream.flatMap((event) => stream.take(event)), ...stream.end()].map(
      ({ data }) => data as { type: string; sequence_number: number; response?: Json },
    );
    expect(events.map(({ sequence_number: number }) => number)).toEqual(events.map((_, i) => i));
    expect(events[0]?.type).toBe('response.created');
    expect(events.at(-1)).toMatchObject({
      type: 'response.completed',
      response: {
        output: [
          { type: 'message', content: [{ text: 'Let me look' }] },
          { type: 'function_call', arguments: '{"a":"b"}' },
        ],
        usage: { input_tokens: 4, output_tokens: 6 },
      },
    });
  });
});

function fieldOf(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    if (error instanceof CannotCarry) return error.field;
    throw error;
  }
  return undefined;
}
