import { describe, expect, test } from 'vitest';
import { createCutter, readEvents } from './events.ts';
import { readRequest } from './request.ts';
import { spliceString } from './splice.ts';

describe('the name of the model in the caller’s bytes', () => {
  test.each([
    ['{"model":"a","n":1}', '{"model":"b","n":1}'],
    ['{ "n" : 1.0,\n "model" : "a" }', '{ "n" : 1.0,\n "model" : "b" }'],
    ['{"x":{"model":"a"},"model":"a","y":[{"model":"a"}]}', '{"x":{"model":"a"},"model":"b","y":[{"model":"a"}]}'],
    ['{"s":"\\"model\\":\\"a\\"","model":"a"}', '{"s":"\\"model\\":\\"a\\"","model":"b"}'],
    ['{"model":"a","model":"c"}', '{"model":"b","model":"b"}'],
    ['{"mod\\u0065l":"a"}', '{"mod\\u0065l":"b"}'],
    ['{"big":12345678901234567890,"model":"é"}', '{"big":12345678901234567890,"model":"b"}'],
  ])('%s', (text, expected) => expect(spliceString(text, 'model', 'b')).toBe(expected));
});

describe('a stream is cut at the ends of its events', () => {
  const stream = 'event: a\ndata: {"é":1}\n\ndata: two\r\n\r\n: beat\n\ndata: three\n\n';
  test('at whatever bytes the pieces end, and no byte is changed', () => {
    const bytes = Buffer.from(stream);
    for (let size = 1; size <= bytes.length; size++) {
      const cutter = createCutter();
      const pieces: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        const piece = cutter.take(bytes.subarray(at, at + size));
        if (piece) pieces.push(piece);
      }
      expect(Buffer.concat(pieces).toString()).toBe(stream);
      expect(cutter.rest()).toHaveLength(0);
      expect(pieces.flatMap((piece) => readEvents(piece.toString())).map(({ data }) => data)).toEqual([
        '{"é":1}',
        'two',
        'three',
      ]);
    }
  });
  test('what is not whole stays behind', () => {
    const cutter = createCutter();
    expect(cutter.take(Buffer.from('data: a\n\ndata: b'))?.toString()).toBe('data: a\n\n');
    expect(cutter.rest().toString()).toBe('data: b');
  });
  test('an event without an end is refused', () => {
    const cutter = createCutter();
    const half = Buffer.alloc(5 * 1024 * 1024, 'x');
    cutter.take(half);
    expect(() => cutter.take(half)).toThrow(RangeError);
  });
});

describe('what of a request matters', () => {
  test.each<[string, Parameters<typeof readRequest>[0], object, object]>([
    [
      'needs',
      'chat',
      {
        messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }],
        tools: [{}],
        response_format: { type: 'json_schema' },
      },
      { needs: ['tools', 'images', 'structured'] },
    ],
    ['no model means any', 'chat', { messages: [] }, { model: 'auto', stream: false }],
    ['Anthropic’s user', 'messages', { messages: [], metadata: { user_id: 'u' } }, { user: 'u' }],
    ['embeddings make no output', 'embeddings', { input: 'x' }, { maxOutputTokens: 0 }],
    ['a wrong model', 'chat', { messages: [], model: 3 }, { field: 'model' }],
    ['no messages', 'messages', { model: 'm' }, { field: 'messages' }],
    ['a wrong stream', 'chat', { messages: [], stream: 'yes' }, { field: 'stream' }],
    ['a way out', 'chat', { messages: [], api_base: 'http://x' }, { field: 'api_base' }],
  ])('%s', (_, api, body, expected) => expect(readRequest(api, body, 40)).toMatchObject(expected));
  test('an image counts as an image, not as its characters', () => {
    const url = `data:image/png;base64,${'A'.repeat(400_000)}`;
    const body = { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }] };
    expect(readRequest('chat', body, JSON.stringify(body).length)).toMatchObject({
      inputTokens: expect.closeTo(1140, -2),
    });
  });
});
