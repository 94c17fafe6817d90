import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A provider that answers at once, with bytes made beforehand: what is measured is what stands in front of it. */
const head = { id: 'chatcmpl-1', created: 1, model: 'bench-model' };
const JSON_BODY = Buffer.from(
  JSON.stringify({
    ...head,
    object: 'chat.completion',
    choices: [
      { index: 0, message: { role: 'assistant', content: 'word '.repeat(100) }, logprobs: null, finish_reason: 'stop' },
    ],
    usage: { prompt_tokens: 50, completion_tokens: 100, total_tokens: 150 },
  }),
);
const chunk = (rest: object) => `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', ...rest })}\n\n`;
const EVENTS = [
  chunk({ choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] }),
  ...Array.from({ length: 20 }, () =>
    chunk({ choices: [{ index: 0, delta: { content: 'word ' }, finish_reason: null }] }),
  ),
  chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
  'data: [DONE]\n\n',
].map((event) => Buffer.from(event));

const server = createServer((incoming, outgoing) => {
  const chunks: Buffer[] = [];
  incoming.on('data', (data: Buffer) => chunks.push(data));
  incoming.on('end', () => {
    if (!Buffer.concat(chunks).includes('"stream":true')) {
      outgoing.writeHead(200, { 'content-type': 'application/json', 'content-length': JSON_BODY.length });
      outgoing.end(JSON_BODY);
      return;
    }
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of EVENTS) outgoing.write(event);
    outgoing.end();
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: (server.address() as AddressInfo).port })));
