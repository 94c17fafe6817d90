import { isObject, type Json } from '../wire/api.ts';
import { CannotCarry, cannot, given, list, only, parseJson, text } from './bridge.ts';

const TO = 'Anthropic’s Messages';
/** Anthropic wants a limit where OpenAI has none. */
const DEFAULT_MAX_TOKENS = 4096;
/** What says nothing where it has its default; anything else is refused. */
const DEFAULTS: Readonly<Record<string, readonly unknown[]>> = {
  n: [1],
  frequency_penalty: [0],
  presence_penalty: [0],
  logprobs: [false],
  store: [false],
  service_tier: ['auto', 'default'],
};
const KNOWN = [
  ...['model', 'messages', 'max_tokens', 'max_completion_tokens', 'temperature', 'top_p', 'stop', 'stream'],
  ...['stream_options', 'tools', 'tool_choice', 'parallel_tool_calls', 'response_format', 'user', 'safety_identifier'],
  ...['reasoning_effort', ...Object.keys(DEFAULTS)],
];

/** A chat completion as a request of Anthropic's. */
export function chatToMessages(body: Json): Json {
  only(body, '', KNOWN, TO);
  for (const [name, allowed] of Object.entries(DEFAULTS))
    if (body[name] !== undefined && body[name] !== null && !allowed.includes(body[name])) cannot(name, TO);
  if (typeof body.temperature === 'number' && body.temperature > 1) cannot('temperature', TO);
  if (body.stream_options != null) only(body.stream_options, 'stream_options', ['include_usage'], TO);
  const { system, messages } = conversation(list(body.messages, 'messages'));
  const user = body.safety_identifier ?? body.user;
  const output = given({ format: formatOf(body.response_format), effort: effortOf(body.reasoning_effort) });
  return given({
    model: body.model,
    max_tokens: body.max_completion_tokens ?? body.max_tokens ?? DEFAULT_MAX_TOKENS,
    system:
      system.length === 0
        ? undefined
        : system.length === 1
          ? system[0]
          : system.map((one) => ({ type: 'text', text: one })),
    messages,
    temperature: body.temperature,
    top_p: body.top_p,
    stop_sequences: body.stop == null ? undefined : [body.stop].flat(),
    stream: body.stream,
    tools: toolsOf(body.tools),
    tool_choice: choiceOf(body.tool_choice, body.parallel_tool_calls),
    output_config: Object.keys(output).length > 0 ? output : undefined,
    metadata: user == null ? undefined : { user_id: user },
  });
}

function conversation(given_: unknown[]): { system: string[]; messages: Json[] } {
  const system: string[] = [];
  const messages: { role: string; content: unknown[] }[] = [];
  const push = (role: string, content: unknown[]) => {
    const last = messages.at(-1);
    // Results of several tools stand in several messages there, in one here.
    if (last?.role === role && role === 'user') last.content.push(...content);
    else messages.push({ role, content });
  };
  for (const [i, message] of given_.entries()) {
    const field = `messages.${i}`;
    if (!isObject(message)) throw new CannotCarry(field, 'must be an object');
    switch (message.role) {
      case 'system':
      case 'developer':
        only(message, field, ['role', 'content'], TO);
        // Anthropic has one place for them, in front: later on they would say something else.
        if (messages.length > 0) cannot(`${field}.role`, TO);
        system.push(textOf(message.content, `${field}.content`));
        break;
      case 'user':
        only(message, field, ['role', 'content'], TO);
        push('user', partsOf(message.content, `${field}.content`));
        break;
      case 'assistant':
        push('assistant', assistantOf(message, field));
        break;
      case 'tool':
        only(message, field, ['role', 'content', 'tool_call_id'], TO);
        push('user', [
          {
            type: 'tool_result',
            tool_use_id: text(message.tool_call_id, `${field}.tool_call_id`),
            content: textOf(message.content, `${field}.content`),
          },
        ]);
        break;
      default:
        cannot(`${field}.role`, TO);
    }
  }
  return { system, messages };
}

function textOf(content: unknown, field: string): string {
  if (typeof content === 'string') return content;
  return list(content, field)
    .map((part, i) => text(only(part, `${field}.${i}`, ['type', 'text'], TO).text, `${field}.${i}.text`))
    .join('');
}

function partsOf(content: unknown, field: string): Json[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return list(content, field).map((part, i) => {
    const at = `${field}.${i}`;
    if (!isObject(part)) throw new CannotCarry(at, 'must be an object');
    if (part.type === 'text') {
      only(part, at, ['type', 'text'], TO);
      return { type: 'text', text: text(part.text, `${at}.text`) };
    }
    if (part.type !== 'image_url') return cannot(`${at}.type`, TO);
    only(part, at, ['type', 'image_url'], TO);
    const image = only(part.image_url, `${at}.image_url`, ['url', 'detail'], TO);
    if (image.detail != null && image.detail !== 'auto') cannot(`${at}.image_url.detail`, TO);
    return { type: 'image', source: sourceOf(text(image.url, `${at}.image_url.url`)) };
  });
}

function sourceOf(url: string): Json {
  const [, type, data] = /^data:([a-z]+\/[a-z0-9.+-]+);base64,(.*)$/is.exec(url) ?? [];
  return type === undefined ? { type: 'url', url } : { type: 'base64', media_type: type, data };
}

function assistantOf(message: Json, field: string): Json[] {
  only(message, field, ['role', 'content', 'tool_calls', 'annotations'], TO);
  if (Array.isArray(message.annotations) && message.annotations.length > 0) cannot(`${field}.annotations`, TO);
  const words = message.content == null ? '' : textOf(message.content, `${field}.content`);
  const calls = message.tool_calls == null ? [] : list(message.tool_calls, `${field}.tool_calls`);
  return [
    ...(words === '' ? [] : [{ type: 'text', text: words }]),
    ...calls.map((call, i) => {
      const at = `${field}.tool_calls.${i}`;
      const { id, type, function: called } = only(call, at, ['id', 'type', 'function', 'index'], TO);
      if (type !== undefined && type !== 'function') cannot(`${at}.type`, TO);
      const { name, arguments: written } = only(called, `${at}.function`, ['name', 'arguments'], TO);
      const input = written === '' || written === undefined ? {} : parseJson(text(written, `${at}.function.arguments`));
      if (!isObject(input)) throw new CannotCarry(`${at}.function.arguments`, 'must be a JSON object');
      return { type: 'tool_use', id, name, input };
    }),
  ];
}

function toolsOf(tools: unknown): Json[] | undefined {
  if (tools == null) return undefined;
  return list(tools, 'tools').map((tool, i) => {
    const field = `tools.${i}`;
    const { type, function: declared } = only(tool, field, ['type', 'function'], TO);
    if (type !== 'function') cannot(`${field}.type`, TO);
    const { name, description, parameters, strict } = only(
      declared,
      `${field}.function`,
      ['name', 'description', 'parameters', 'strict'],
      TO,
    );
    return given({ name, description, input_schema: parameters ?? { type: 'object', properties: {} }, strict });
  });
}

function choiceOf(choice: unknown, parallel: unknown): Json | undefined {
  const alone = parallel === false ? { disable_parallel_tool_use: true } : {};
  if (choice == null) return parallel === false ? { type: 'auto', ...alone } : undefined;
  if (choice === 'auto') return { type: 'auto', ...alone };
  if (choice === 'required') return { type: 'any', ...alone };
  if (choice === 'none') return { type: 'none' };
  const { type, function: called } = only(choice, 'tool_choice', ['type', 'function'], TO);
  if (type !== 'function' || !isObject(called)) return cannot('tool_choice', TO);
  return { type: 'tool', name: called.name, ...alone };
}

function formatOf(format: unknown): Json | undefined {
  if (format == null) return undefined;
  const { type, json_schema: schema } = only(format, 'response_format', ['type', 'json_schema'], TO);
  if (type === 'text') return undefined;
  if (type !== 'json_schema') return cannot('response_format.type', TO);
  // A name and a description are labels; `strict` is how Anthropic always keeps to a schema.
  const named = only(schema, 'response_format.json_schema', ['name', 'description', 'schema', 'strict'], TO);
  return { type: 'json_schema', schema: named.schema };
}

const EFFORTS = new Set(['low', 'medium', 'high', 'xhigh']);
function effortOf(effort: unknown): unknown {
  if (effort == null) return undefined;
  return EFFORTS.has(String(effort)) ? effort : cannot('reasoning_effort', TO);
}
