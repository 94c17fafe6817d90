import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type RunningHub, startHub } from '../services/hub.ts';
import { chatBody, type FakeProvider, messageBody, type Reply, startProvider } from '../services/provider.ts';

/** Tools and structured output with the official clients, through providers of both protocols, whole and streamed. */
const CITY = { city: 'Paris' };
const sends = (outgoing: Parameters<Reply>[0], body: object) =>
  outgoing.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const streams = (outgoing: Parameters<Reply>[0], events: string[]) =>
  outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).end(events.join(''));

/** Asks for the tool until it has the tool's result; in a schema it answers with the city. */
const chatReply: Reply = (outgoing, { body, text }) => {
  if (!body.tools || text.includes('"role":"tool"'))
    return sends(outgoing, chatBody(body.response_format ? JSON.stringify(CITY) : '21 degrees'));
  const call = (args: string) => ({
    index: 0,
    id: 'call_1',
    type: 'function',
    function: { name: 'weather', arguments: args },
  });
  if (!body.stream) {
    const whole = chatBody('');
    const message = { role: 'assistant', content: null, refusal: null, tool_calls: [call(JSON.stringify(CITY))] };
    return sends(outgoing, { ...whole, choices: [{ index: 0, message, logprobs: null, finish_reason: 'tool_calls' }] });
  }
  const chunk = (delta: object, finish: string | null = null) =>
    `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'g', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  streams(outgoing, [
    chunk({ role: 'assistant', content: null, tool_calls: [call('')] }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: '"Paris"}' } }] }),
    chunk({}, 'tool_calls'),
    'data: [DONE]\n\n',
  ]);
};
const messagesReply: Reply = (outgoing, { body, text }) => {
  const schema = (body.output_config as { format?: object } | undefined)?.format;
  if (!body.tools || text.includes('"tool_result"'))
    return sends(outgoing, messageBody(schema ? JSON.stringify(CITY) : '21 degrees'));
  const block = { type: 'tool_use', id: 'toolu_1', name: 'weather', input: CITY };
  if (!body.stream) return sends(outgoing, { ...messageBody(''), content: [block], stop_reason: 'tool_use' });
  const event = (data: Record<string, unknown>) => `event: ${String(data.type)}\ndata: ${JSON.stringify(data)}\n\n`;
  streams(outgoing, [
    event({ type: 'message_start', message: { ...messageBody(''), content: [], stop_reason: null } }),
    event({ type: 'content_block_start', index: 0, content_block: { ...block, input: {} } }),
    event({ type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '{"city":' } }),
    event({ type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '"Paris"}' } }),
    event({ type: 'content_block_stop', index: 0 }),
    event({
      type: 'message_delta',
      delta: { stop_reason: 'tool_use', stop_sequence: null },
      usage: { output_tokens: 9 },
    }),
    event({ type: 'message_stop' }),
  ]);
};

let gpt: FakeProvider;
let claude: FakeProvider;
let hub: RunningHub;
let openai: OpenAI;
let anthropic: Anthropic;
beforeAll(async () => {
  gpt = await startProvider(chatReply);
  claude = await startProvider(messagesReply);
  hub = await startHub({
    yaml: `ai:
  fallback: same
  providers:
    - { name: claude, url: "${claude.url}", key: k, models: [claude-x] }
    - { name: openai, url: "${gpt.url}/v1", key: k, apis: [chat], models: [gpt-x] }
`,
  });
  openai = new OpenAI({ baseURL: `${hub.url}/v1`, apiKey: hub.key, maxRetries: 0 });
  anthropic = new Anthropic({ baseURL: hub.url, apiKey: hub.key, maxRetries: 0 });
});
afterAll(async () => {
  await hub?.dispose();
  await gpt?.close();
  await claude?.close();
});

const parameters = { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] };
const functions = [{ type: 'function' as const, function: { name: 'weather', description: 'Weather', parameters } }];
const question = { role: 'user' as const, content: 'How is it in Paris?' };
const City = z.object({ city: z.string() });

describe.each(['gpt-x', 'claude-x'])('%s', (model) => {
  test('OpenAI’s client: a tool is asked for, its result goes back, the answer comes', async () => {
    const first = await openai.chat.completions.create({ model, messages: [question], tools: functions });
    const message = first.choices[0]?.message;
    const [call] = message?.tool_calls ?? [];
    expect(first.choices[0]?.finish_reason).toBe('tool_calls');
    expect(call?.type === 'function' && JSON.parse(call.function.arguments)).toEqual(CITY);
    if (!message || !call) throw new Error('no call');
    const second = await openai.chat.completions.create({
      ...{ model, tools: functions },
      messages: [
        question,
        { role: 'assistant', content: null, tool_calls: message.tool_calls ?? [] },
        { role: 'tool', tool_call_id: call.id, content: '21' },
      ],
    });
    expect(second.choices[0]?.message.content).toBe('21 degrees');
  });
  test('OpenAI’s client: the tool call of a stream', async () => {
    const stream = openai.chat.completions.stream({ model, messages: [question], tools: functions });
    const [call] = (await stream.finalChatCompletion()).choices[0]?.message.tool_calls ?? [];
    expect(call?.type === 'function' && JSON.parse(call.function.arguments)).toEqual(CITY);
  });
  test('OpenAI’s client: structured output is parsed', async () => {
    const answer = await openai.chat.completions.parse({
      ...{ model, messages: [question] },
      response_format: zodResponseFormat(City, 'city'),
    });
    expect(answer.choices[0]?.message.parsed).toEqual(CITY);
  });
  test('the Responses API: a tool is asked for', async () => {
    const tools = [{ type: 'function' as const, name: 'weather', parameters, strict: false }];
    const answer = await openai.responses.create({ model, input: 'How is it in Paris?', tools, store: false });
    expect(answer.output).toMatchObject([{ type: 'function_call', name: 'weather' }]);
  });
  test('Anthropic’s client: a tool is asked for, its result goes back, the answer comes', async () => {
    const tools = [{ name: 'weather', input_schema: parameters }];
    const first = await anthropic.messages.create({ model, max_tokens: 50, messages: [question], tools });
    const [block] = first.content;
    expect(first.stop_reason).toBe('tool_use');
    expect(block).toMatchObject({ type: 'tool_use', name: 'weather', input: CITY });
    if (block?.type !== 'tool_use') throw new Error('no call');
    const { id, name, input } = block;
    const second = await anthropic.messages.create({
      ...{ model, max_tokens: 50, tools },
      messages: [
        question,
        { role: 'assistant', content: [{ type: 'tool_use', id, name, input }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: '21' }] },
      ],
    });
    expect(second.content).toMatchObject([{ type: 'text', text: '21 degrees' }]);
  });
  test('Anthropic’s client: the tool call of a stream', async () => {
    const tools = [{ name: 'weather', input_schema: parameters }];
    const stream = anthropic.messages.stream({ model, max_tokens: 50, messages: [question], tools });
    expect((await stream.finalMessage()).content).toMatchObject([{ type: 'tool_use', input: CITY }]);
  });
  test('Anthropic’s client: structured output', async () => {
    const schema = {
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city'],
      additionalProperties: false,
    };
    const answer = await anthropic.messages.create({
      ...{ model, max_tokens: 50, messages: [question] },
      output_config: { format: { type: 'json_schema', schema } },
    });
    const [block] = answer.content;
    expect(block?.type === 'text' && JSON.parse(block.text)).toEqual(CITY);
  });
});
