import { isObject, type Json } from '../wire/api.ts';
import { CannotCarry, cannot, given, list, only, text } from './bridge.ts';

const TO = 'OpenAI’s Chat Completions';
const KNOWN = [
  ...['model', 'messages', 'system', 'max_tokens', 'temperature', 'top_p', 'stop_sequences', 'stream', 'tools'],
  ...['tool_choice', 'output_config', 'metadata', 'thinking', 'service_tier'],
];

/** A request of Anthropic's as a chat completion. */
export function messagesToChat(body: Json): Json {
  only(body, '', KNOWN, TO);
  if (isObject(body.thinking) && body.thinking.type !== 'disabled') cannot('thinking', TO);
  if (body.service_tier != null && body.service_tier !== 'auto') cannot('service_tier', TO);
  const { user_id: user } = body.metadata == null ? {} : only(body.metadata, 'metadata', ['user_id'], TO);
  const output = body.output_config == null ? {} : only(body.output_config, 'output_config', ['format', 'effort'], TO);
  if (output.effort === 'max') cannot('output_config.effort', TO);
  const choice = choiceOf(body.tool_choice);
  return given({
    model: body.model,
    messages: [
      ...systemOf(body.system),
      ...list(body.messages, 'messages').flatMap((message, i) => messageOf(message, `messages.${i}`)),
    ],
    max_tokens: body.max_tokens,
    temperature: body.temperature,
    top_p: body.top_p,
    stop: body.stop_sequences,
    stream: body.stream,
    // Without it OpenAI's streams do not say what they used, and Anthropic's always do.
    stream_options: body.stream === true ? { include_usage: true } : undefined,
    tools: toolsOf(body.tools),
    tool_choice: choice?.choice,
    parallel_tool_calls: choice?.alone === true ? false : undefined,
    response_format: formatOf(output.format),
    reasoning_effort: output.effort,
    user,
  });
}

function systemOf(system: unknown): Json[] {
  if (system == null) return [];
  const content =
    typeof system === 'string'
      ? system
      : list(system, 'system')
          .map((part, i) => text(only(part, `system.${i}`, ['type', 'text'], TO).text, `system.${i}.text`))
          .join('\n\n');
  return content === '' ? [] : [{ role: 'system', content }];
}

function messageOf(message: unknown, field: string): Json[] {
  const { role, content } = only(message, field, ['role', 'content'], TO);
  if (role !== 'user' && role !== 'assistant') cannot(`${field}.role`, TO);
  if (typeof content === 'string') return [{ role, content }];
  const blocks = list(content, `${field}.content`);
  return role === 'assistant' ? [assistantOf(blocks, `${field}.content`)] : userOf(blocks, `${field}.content`);
}

function userOf(blocks: unknown[], field: string): Json[] {
  const results: Json[] = [];
  const parts: Json[] = [];
  for (const [i, block] of blocks.entries()) {
    const at = `${field}.${i}`;
    if (!isObject(block)) throw new CannotCarry(at, 'must be an object');
    if (block.type === 'tool_result') {
      // Results come first there; after other words they would be out of order.
      if (parts.length > 0) cannot(at, TO);
      results.push(resultOf(block, at));
    } else if (block.type === 'text') {
      parts.push({ type: 'text', text: text(only(block, at, ['type', 'text'], TO).text, `${at}.text`) });
    } else if (block.type === 'image') {
      parts.push(imageOf(block, at));
    } else cannot(`${at}.type`, TO);
  }
  const [first] = parts;
  const content = parts.length === 1 && first?.type === 'text' ? first.text : parts;
  return parts.length === 0 ? results : [...results, { role: 'user', content }];
}

function resultOf(block: Json, field: string): Json {
  const {
    tool_use_id: id,
    content,
    is_error: failed,
  } = only(block, field, ['type', 'tool_use_id', 'content', 'is_error'], TO);
  if (failed === true) cannot(`${field}.is_error`, TO);
  const words =
    content == null
      ? ''
      : typeof content === 'string'
        ? content
        : list(content, `${field}.content`)
            .map((part, i) =>
              text(only(part, `${field}.content.${i}`, ['type', 'text'], TO).text, `${field}.content.${i}`),
            )
            .join('');
  return { role: 'tool', tool_call_id: id, content: words };
}

function imageOf(block: Json, field: string): Json {
  const { source } = only(block, field, ['type', 'source'], TO);
  if (!isObject(source)) throw new CannotCarry(`${field}.source`, 'must be an object');
  if (source.type === 'url') return { type: 'image_url', image_url: { url: text(source.url, `${field}.source.url`) } };
  if (source.type !== 'base64') return cannot(`${field}.source.type`, TO);
  return { type: 'image_url', image_url: { url: `data:${String(source.media_type)};base64,${String(source.data)}` } };
}

function assistantOf(blocks: unknown[], field: string): Json {
  let words = '';
  const calls: Json[] = [];
  for (const [i, block] of blocks.entries()) {
    const at = `${field}.${i}`;
    if (!isObject(block)) throw new CannotCarry(at, 'must be an object');
    if (block.type === 'text') words += text(only(block, at, ['type', 'text', 'citations'], TO).text, `${at}.text`);
    else if (block.type === 'tool_use') {
      const { id, name, input } = only(block, at, ['type', 'id', 'name', 'input', 'caller'], TO);
      calls.push({ id, type: 'function', function: { name, arguments: JSON.stringify(input ?? {}) } });
    } else cannot(`${at}.type`, TO);
  }
  return {
    role: 'assistant',
    content: words === '' ? null : words,
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
}

function toolsOf(tools: unknown): Json[] | undefined {
  if (tools == null) return undefined;
  return list(tools, 'tools').map((tool, i) => {
    const field = `tools.${i}`;
    const { type, name, description, input_schema, strict } = only(
      tool,
      field,
      ['type', 'name', 'description', 'input_schema', 'strict'],
      TO,
    );
    if (type != null && type !== 'custom') cannot(`${field}.type`, TO);
    return { type: 'function', function: given({ name, description, parameters: input_schema, strict }) };
  });
}

function choiceOf(choice: unknown): { choice: unknown; alone: boolean } | undefined {
  if (choice == null) return undefined;
  const {
    type,
    name,
    disable_parallel_tool_use: alone,
  } = only(choice, 'tool_choice', ['type', 'name', 'disable_parallel_tool_use'], TO);
  const named: Record<string, unknown> = {
    auto: 'auto',
    any: 'required',
    none: 'none',
    tool: { type: 'function', function: { name } },
  };
  return { choice: named[String(type)] ?? cannot('tool_choice.type', TO), alone: alone === true };
}

function formatOf(format: unknown): Json | undefined {
  if (format == null) return undefined;
  const { type, schema } = only(format, 'output_config.format', ['type', 'schema'], TO);
  if (type !== 'json_schema') return cannot('output_config.format.type', TO);
  return { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } };
}
