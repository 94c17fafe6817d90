import { describe, expect, it } from 'vitest';
import { createSseReader, type SseMessage } from './sse.ts';

function readAll(...chunks: string[]): SseMessage[] {
  const messages: SseMessage[] = [];
  const reader = createSseReader((message) => messages.push(message));
  for (const chunk of chunks) reader.push(chunk);
  return messages;
}

const STREAM = 'retry: 2000\n\n: beat\n\nid: 7\nevent: alert.opened\ndata: {"a":1}\n\nid: 8\ndata: one\ndata: two\n\n';
const READ = [
  { id: '7', event: 'alert.opened', data: '{"a":1}' },
  { id: '8', event: 'message', data: 'one\ntwo' },
];

describe('the event stream reader', () => {
  it('reads ids, types and data, and passes over comments and what it does not know', () => {
    expect(readAll(STREAM)).toEqual(READ);
  });

  it('reads the same however the network cuts it', () => {
    for (let cut = 1; cut < STREAM.length; cut += 1)
      expect(readAll(STREAM.slice(0, cut), STREAM.slice(cut))).toEqual(READ);
    expect(readAll(...STREAM)).toEqual(READ);
  });

  it('takes CRLF and lone CR for line ends, also when a CRLF is cut in two', () => {
    const windows = STREAM.replaceAll('\n', '\r\n');
    for (let cut = 1; cut < windows.length; cut += 1)
      expect(readAll(windows.slice(0, cut), windows.slice(cut))).toEqual(READ);
    expect(readAll(`${STREAM.replaceAll('\n', '\r')}:`)).toEqual(READ);
  });

  it('gives nothing before a message is whole', () => {
    expect(readAll('id: 7\ndata: half')).toEqual([]);
    expect(readAll('id: 7\nevent: x\n\n')).toEqual([]);
  });

  it('keeps the last id for messages without one, and removes one leading space only', () => {
    expect(readAll('id: 7\ndata:  x\n\ndata:y\n\n')).toEqual([
      { id: '7', event: 'message', data: ' x' },
      { id: '7', event: 'message', data: 'y' },
    ]);
  });
});
