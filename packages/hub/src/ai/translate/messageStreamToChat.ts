import { isObject, type Json } from '../wire/api.ts';
import { chatUsage, chunk, finishOf, member, str } from './answers.ts';
import { type OutEvent, parseJson, type StreamBridge } from './bridge.ts';

/** Anthropic's stream as chunks of a chat completion. */
export function messageStreamToChat(asked: Json): StreamBridge {
  const withUsage = member(asked.stream_options, 'include_usage') === true;
  const created = Math.trunc(Date.now() / 1000);
  let [id, model]: unknown[] = [];
  let usage: Json = {};
  // Anthropic numbers its blocks, OpenAI its tool calls alone.
  const calls = new Map<unknown, number>();
  const say = (delta: Json, finish: string | null = null): OutEvent => ({
    data: chunk(id, model, created, { choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }] }),
  });
  return {
    take({ event, data }) {
      const body = parseJson(data);
      if (!isObject(body)) return [];
      switch (body.type ?? event) {
        case 'message_start': {
          const { message } = body;
          [id, model] = [member(message, 'id'), member(message, 'model')];
          const first = member(message, 'usage');
          usage = isObject(first) ? first : {};
          return [say({ role: 'assistant', content: '', refusal: null })];
        }
        case 'content_block_start': {
          const { content_block: block } = body;
          if (member(block, 'type') === 'text')
            return str(member(block, 'text')) ? [say({ content: member(block, 'text') })] : [];
          if (member(block, 'type') !== 'tool_use') return [];
          const index = calls.size;
          calls.set(body.index, index);
          const called = { name: member(block, 'name'), arguments: '' };
          return [say({ tool_calls: [{ index, id: member(block, 'id'), type: 'function', function: called }] })];
        }
        case 'content_block_delta': {
          const { delta } = body;
          if (member(delta, 'type') === 'text_delta') return [say({ content: str(member(delta, 'text')) })];
          const index = calls.get(body.index);
          if (member(delta, 'type') !== 'input_json_delta' || index === undefined) return [];
          const written = str(member(delta, 'partial_json'));
          return written === '' ? [] : [say({ tool_calls: [{ index, function: { arguments: written } }] })];
        }
        case 'message_delta': {
          if (isObject(body.usage))
            usage = {
              ...usage,
              ...Object.fromEntries(Object.entries(body.usage).filter(([, value]) => value !== null)),
            };
          const stop = member(body.delta, 'stop_reason');
          return typeof stop === 'string' ? [say({}, finishOf(stop))] : [];
        }
        case 'message_stop':
          return [
            ...(withUsage ? [{ data: chunk(id, model, created, { choices: [], usage: chatUsage(usage) }) }] : []),
            { data: '[DONE]' },
          ];
        default:
          return [];
      }
    },
    end: () => [],
  };
}
