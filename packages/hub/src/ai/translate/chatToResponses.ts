import { randomUUID } from 'node:crypto';
import { isObject, type Json } from '../wire/api.ts';
import { member, num, objects, str } from './answers.ts';
import { type OutEvent, parseJson, type StreamBridge } from './bridge.ts';

const newId = (prefix: string): string => `${prefix}_${randomUUID().replaceAll('-', '')}`;

/** The members of a response that repeat what was asked. */
function head(id: string, model: unknown, asked: Json, status: string): Json {
  return {
    id,
    object: 'response',
    created_at: Math.trunc(Date.now() / 1000),
    status,
    error: null,
    incomplete_details: null,
    instructions: asked.instructions ?? null,
    max_output_tokens: asked.max_output_tokens ?? null,
    metadata: {},
    model: model ?? asked.model,
    output: [],
    parallel_tool_calls: asked.parallel_tool_calls ?? true,
    previous_response_id: null,
    reasoning: asked.reasoning ?? { effort: null, summary: null },
    store: false,
    temperature: asked.temperature ?? 1,
    text: asked.text ?? { format: { type: 'text' } },
    tool_choice: asked.tool_choice ?? 'auto',
    tools: asked.tools ?? [],
    top_p: asked.top_p ?? 1,
    truncation: 'disabled',
    usage: null,
    user: asked.user ?? null,
  };
}

function usageOf(usage: unknown): Json {
  const [input, output] = [num(member(usage, 'prompt_tokens')), num(member(usage, 'completion_tokens'))];
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: num(member(member(usage, 'prompt_tokens_details'), 'cached_tokens')) },
    output_tokens: output,
    output_tokens_details: {
      reasoning_tokens: num(member(member(usage, 'completion_tokens_details'), 'reasoning_tokens')),
    },
    total_tokens: input + output,
  };
}

/** How a reason to stop ends a response. */
function endOf(finish: unknown): Json {
  if (finish === 'length') return { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } };
  if (finish === 'content_filter') return { status: 'incomplete', incomplete_details: { reason: 'content_filter' } };
  return { status: 'completed' };
}

const textPart = (text: string): Json => ({ type: 'output_text', text, annotations: [], logprobs: [] });
const refusalPart = (refusal: string): Json => ({ type: 'refusal', refusal });
const messageItem = (id: string, status: string, content: Json[]): Json => ({
  ...{ id, type: 'message', status, role: 'assistant', content },
});
const callItem = (id: string, status: string, call: { id: unknown; name: unknown; written: string }): Json => ({
  ...{ id, type: 'function_call', status, call_id: call.id, name: call.name, arguments: call.written },
});

/** A chat completion as a response. */
export function chatToResponse(body: Json, asked: Json): Json {
  const [choice] = objects(body.choices);
  const message = member(choice, 'message');
  const [words, refusal] = [str(member(message, 'content')), str(member(message, 'refusal'))];
  const content = [...(words ? [textPart(words)] : []), ...(refusal ? [refusalPart(refusal)] : [])];
  return {
    ...head(newId('resp'), body.model, asked, 'completed'),
    ...endOf(choice?.finish_reason),
    output: [
      ...(content.length > 0 ? [messageItem(newId('msg'), 'completed', content)] : []),
      ...objects(member(message, 'tool_calls')).map(({ id, function: called }) =>
        callItem(newId('fc'), 'completed', {
          id,
          name: member(called, 'name'),
          written: str(member(called, 'arguments')),
        }),
      ),
    ],
    usage: usageOf(body.usage),
  };
}

type Item = { id: string; place: number } & (
  | { kind: 'message'; part: 'output_text' | 'refusal'; text: string }
  | { kind: 'call'; call: { id: unknown; name: unknown; written: string }; of: unknown }
);

/** Chunks of a chat completion as the events of a response. */
export function chatStreamToResponses(asked: Json): StreamBridge {
  const id = newId('resp');
  let model: unknown;
  let number = 0;
  let started = false;
  let finish: unknown;
  let usage: unknown;
  let current: Item | undefined;
  const output: Json[] = [];
  const say = (type: string, rest: Json): OutEvent => ({
    event: type,
    data: { type, sequence_number: number++, ...rest },
  });
  const place = (item: Item): Json => ({ item_id: item.id, output_index: item.place });
  const partOf = (item: Item & { kind: 'message' }): Json =>
    item.part === 'refusal' ? refusalPart(item.text) : textPart(item.text);

  function close(): OutEvent[] {
    const item = current;
    current = undefined;
    if (item === undefined) return [];
    if (item.kind === 'call') {
      const done = callItem(item.id, 'completed', item.call);
      output.push(done);
      return [
        say('response.function_call_arguments.done', {
          ...place(item),
          name: item.call.name,
          arguments: item.call.written,
        }),
        say('response.output_item.done', { output_index: item.place, item: done }),
      ];
    }
    const part = partOf(item);
    const done = messageItem(item.id, 'completed', [part]);
    output.push(done);
    const at = { ...place(item), content_index: 0 };
    return [
      item.part === 'refusal'
        ? say('response.refusal.done', { ...at, refusal: item.text })
        : say('response.output_text.done', { ...at, text: item.text, logprobs: [] }),
      say('response.content_part.done', { ...at, part }),
      say('response.output_item.done', { output_index: item.place, item: done }),
    ];
  }

  function words(part: 'output_text' | 'refusal', text: string): OutEvent[] {
    if (text === '') return [];
    const events: OutEvent[] = [];
    if (current?.kind !== 'message' || current.part !== part) {
      events.push(...close());
      const item: Item = { kind: 'message', part, text: '', id: newId('msg'), place: output.length };
      current = item;
      events.push(
        say('response.output_item.added', { output_index: item.place, item: messageItem(item.id, 'in_progress', []) }),
        say('response.content_part.added', { ...place(item), content_index: 0, part: partOf(item) }),
      );
    }
    current.text += text;
    const at = { ...place(current), content_index: 0, delta: text };
    return [
      ...events,
      part === 'refusal'
        ? say('response.refusal.delta', at)
        : say('response.output_text.delta', { ...at, logprobs: [] }),
    ];
  }

  function call(part: Json): OutEvent[] {
    const events: OutEvent[] = [];
    const called = part.function;
    if (current?.kind !== 'call' || current.of !== part.index) {
      events.push(...close());
      const made = { id: part.id, name: member(called, 'name'), written: '' };
      const item: Item = { kind: 'call', call: made, of: part.index, id: newId('fc'), place: output.length };
      current = item;
      events.push(
        say('response.output_item.added', { output_index: item.place, item: callItem(item.id, 'in_progress', made) }),
      );
    }
    const written = str(member(called, 'arguments'));
    if (written === '') return events;
    current.call.written += written;
    return [...events, say('response.function_call_arguments.delta', { ...place(current), delta: written })];
  }

  return {
    take({ data }) {
      const body = data === '[DONE]' ? undefined : parseJson(data);
      if (!isObject(body)) return [];
      const events: OutEvent[] = [];
      model ??= body.model;
      if (!started) {
        started = true;
        const response = head(id, model, asked, 'in_progress');
        events.push(say('response.created', { response }), say('response.in_progress', { response }));
      }
      if (isObject(body.usage)) usage = body.usage;
      for (const choice of objects(body.choices)) {
        const said = choice.delta;
        events.push(...words('output_text', str(member(said, 'content'))));
        events.push(...words('refusal', str(member(said, 'refusal'))));
        for (const part of objects(member(said, 'tool_calls'))) events.push(...call(part));
        finish = choice.finish_reason ?? finish;
      }
      return events;
    },
    end() {
      const closing = close();
      const response = { ...head(id, model, asked, 'completed'), ...endOf(finish), output, usage: usageOf(usage) };
      return [...closing, say(`response.${String(member(response, 'status'))}`, { response })];
    },
  };
}
