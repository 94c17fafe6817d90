import { isObject, type Json } from '../wire/api.ts';
import { CannotCarry, cannot, given, list, only, text } from './bridge.ts';

const TO = 'OpenAI’s Chat Completions';
/** What says nothing where it has its default; anything else is refused. */
const DEFAULTS: Readonly<Record<string, readonly unknown[]>> = {
  store: [false],
  background: [false],
  truncation: ['disabled'],
  service_tier: ['auto', 'default'],
};
const KNOWN = [
  ...['model', 'input', 'instructions', 'max_output_tokens', 'temperature', 'top_p', 'stream', 'tools', 'tool_choice'],
  ...['parallel_tool_calls', 'text', 'reasoning', 'user', 'safety_identifier', 'metadata', 'stream_options'],
  ...Object.keys(DEFAULTS),
];

/** A request of the Responses API as a chat completion. What the provider would keep (`store`, earlier responses) is refused. */
export function responsesToChat(body: Json): Json {
  only(body, '', KNOWN, TO);
  for (const [name, allowed] of Object.entries(DEFAULTS))
    if (body[name] !== undefined && body[name] !== null && !allowed.includes(body[name])) cannot(name, TO);
  if (isObject(body.metadata) && Object.keys(body.metadata).length > 0) cannot('metadata', TO);
  if (body.stream_options != null) only(body.stream_options, 'stream_options', ['include_obfuscation'], TO);
  const format = body.text == null ? {} : only(body.text, 'text', ['format'], TO);
  const reasoning = body.reasoning == null ? {} : only(body.reasoning, 'reasoning', ['effort'], TO);
  return given({
    model: body.model,
    messages: [
      ...(body.instructions == null ? [] : [{ role: 'system', content: text(body.instructions, 'instructions') }]),
      ...inputOf(body.input),
    ],
    max_completion_tokens: body.max_output_tokens,
    temperature: body.temperature,
    top_p: body.top_p,
    stream: body.stream,
    stream_options: body.stream === true ? { include_usage: true } : undefined,
    tools: toolsOf(body.tools),
    tool_choice: choiceOf(body.tool_choice),
    parallel_tool_calls: Array.isArray(body.tools) && body.tools.length > 0 ? body.parallel_tool_calls : undefined,
    response_format: formatOf(format.format),
    reasoning_effort: reasoning.effort,
    user: body.safety_identifier ?? body.user,
  });
}

function inputOf(input: unknown): Json[] {
  if (typeof input === 'string') return [{ role: 'user', content: input }];
  const messages: Json[] = [];
  for (const [i, item] of list(input, 'input').entries()) {
    const field = `input.${i}`;
    if (!isObject(item)) throw new CannotCarry(field, 'must be an object');
    if (item.type === 'function_call') {
      const {
        call_id: id,
        name,
        arguments: written,
      } = only(item, field, ['type', 'id', 'call_id', 'name', 'arguments', 'status'], TO);
      const called = { id, type: 'function', function: { name, arguments: written } };
      const last = messages.at(-1);
      // Calls of one turn stand in one message there.
      if (last?.role === 'assistant')
        last.tool_calls = [...(Array.isArray(last.tool_calls) ? last.tool_calls : []), called];
      else messages.push({ role: 'assistant', content: null, tool_calls: [called] });
    } else if (item.type === 'function_call_output') {
      const { call_id: id, output } = only(item, field, ['type', 'id', 'call_id', 'output', 'status'], TO);
      messages.push({ role: 'tool', tool_call_id: id, content: text(output, `${field}.output`) });
    } else if (item.type === undefined || item.type === 'message') messages.push(messageOf(item, field));
    else cannot(`${field}.type`, TO);
  }
  return messages;
}

function messageOf(item: Json, field: string): Json {
  const { role, content } = only(item, field, ['type', 'id', 'role', 'content', 'status'], TO);
  if (!['user', 'assistant', 'system', 'developer'].includes(String(role))) cannot(`${field}.role`, TO);
  if (typeof content === 'string') return { role, content };
  const parts = list(content, `${field}.content`).map((part, i) => partOf(part, `${field}.content.${i}`));
  const words = parts.every((part) => part.type === 'text');
  return { role, content: words ? parts.map((part) => part.text).join('') : parts };
}

function partOf(part: unknown, field: string): Json {
  if (!isObject(part)) throw new CannotCarry(field, 'must be an object');
  if (part.type === 'input_text' || part.type === 'output_text') {
    only(part, field, ['type', 'text', 'annotations', 'logprobs'], TO);
    if (Array.isArray(part.annotations) && part.annotations.length > 0) cannot(`${field}.annotations`, TO);
    return { type: 'text', text: text(part.text, `${field}.text`) };
  }
  if (part.type !== 'input_image') return cannot(`${field}.type`, TO);
  const { image_url: url, detail } = only(part, field, ['type', 'image_url', 'detail'], TO);
  return {
    type: 'image_url',
    image_url: given({ url: text(url, `${field}.image_url`), detail: detail === 'auto' ? undefined : detail }),
  };
}

function toolsOf(tools: unknown): Json[] | undefined {
  if (tools == null) return undefined;
  const carried = list(tools, 'tools').map((tool, i) => {
    const field = `tools.${i}`;
    if (!isObject(tool)) throw new CannotCarry(field, 'must be an object');
    if (tool.type !== 'function') cannot(`${field}.type`, TO);
    const { name, description, parameters, strict } = only(
      tool,
      field,
      ['type', 'name', 'description', 'parameters', 'strict'],
      TO,
    );
    return { type: 'function', function: given({ name, description, parameters, strict }) };
  });
  return carried.length > 0 ? carried : undefined;
}

function choiceOf(choice: unknown): unknown {
  if (choice == null) return undefined;
  if (typeof choice === 'string') return choice;
  const { type, name } = only(choice, 'tool_choice', ['type', 'name'], TO);
  return type === 'function' ? { type: 'function', function: { name } } : cannot('tool_choice.type', TO);
}

function formatOf(format: unknown): Json | undefined {
  if (format == null) return undefined;
  const { type, ...schema } = only(format, 'text.format', ['type', 'name', 'description', 'schema', 'strict'], TO);
  if (type === 'text') return undefined;
  if (type === 'json_object') return { type };
  return type === 'json_schema' ? { type, json_schema: given(schema) } : cannot('text.format.type', TO);
}
