import { isObject, type Json } from '../wire/api.ts';
import { member, messagesUsage, objects, stopOf, str } from './answers.ts';
import { type OutEvent, parseJson, type StreamBridge } from './bridge.ts';

/** Chunks of a chat completion as Anthropic's stream: blocks are opened and closed around what the chunks say. */
export function chatStreamToMessages(): StreamBridge {
  let started = false;
  let index = -1;
  let openBlock: 'text' | 'tool' | undefined;
  let toolIndex: unknown;
  let finish: unknown;
  let refused = false;
  let usage: unknown;
  const say = (type: string, rest: Json): OutEvent => ({ event: type, data: { type, ...rest } });
  const close = (): OutEvent[] => {
    if (openBlock === undefined) return [];
    openBlock = undefined;
    return [say('content_block_stop', { index })];
  };
  const openA = (kind: 'text' | 'tool', block: Json): OutEvent[] => {
    const events = close();
    index += 1;
    openBlock = kind;
    return [...events, say('content_block_start', { index, content_block: block })];
  };
  const delta = (inner: Json): OutEvent => say('content_block_delta', { index, delta: inner });

  function words(text: string): OutEvent[] {
    if (text === '') return [];
    const opened = openBlock === 'text' ? [] : openA('text', { type: 'text', text: '', citations: null });
    return [...opened, delta({ type: 'text_delta', text })];
  }
  function call(part: Json): OutEvent[] {
    const { function: called } = part;
    const begins = openBlock !== 'tool' || part.index !== toolIndex;
    toolIndex = part.index;
    const opened = begins
      ? openA('tool', { type: 'tool_use', id: part.id, name: member(called, 'name'), input: {} })
      : [];
    const written = str(member(called, 'arguments'));
    return written === '' ? opened : [...opened, delta({ type: 'input_json_delta', partial_json: written })];
  }

  return {
    take({ data }) {
      const body = data === '[DONE]' ? undefined : parseJson(data);
      if (!isObject(body)) return [];
      const events: OutEvent[] = [];
      if (!started) {
        started = true;
        const message = { id: body.id, type: 'message', role: 'assistant', model: body.model, content: [] };
        events.push(
          say('message_start', {
            message: { ...message, stop_reason: null, stop_sequence: null, usage: messagesUsage(body.usage) },
          }),
        );
      }
      if (isObject(body.usage)) usage = body.usage;
      for (const choice of objects(body.choices)) {
        const said = choice.delta;
        const refusal = str(member(said, 'refusal'));
        refused ||= refusal !== '';
        events.push(...words(str(member(said, 'content')) + refusal));
        for (const part of objects(member(said, 'tool_calls'))) events.push(...call(part));
        finish = choice.finish_reason ?? finish;
      }
      return events;
    },
    /** OpenAI tells its usage after the reason to stop; Anthropic both at once, at the end. */
    end: () => [
      ...close(),
      say('message_delta', {
        delta: { stop_reason: refused ? 'refusal' : stopOf(finish), stop_sequence: null },
        usage: messagesUsage(usage),
      }),
      say('message_stop', {}),
    ],
  };
}
