import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export type Asked = { path: string; headers: IncomingMessage['headers']; text: string; body: Record<string, unknown> };
export type Reply = (outgoing: ServerResponse, asked: Asked, socket: Socket) => unknown;
export type FakeProvider = { url: string; asked: Asked[]; reply: Reply; close(): Promise<void> };

/** A provider of models made by hand: what it answers is the test's to say, byte by byte. Listing its models always works. */
export async function startProvider(reply: Reply): Promise<FakeProvider> {
  const asked: Asked[] = [];
  const fake = { asked, reply } as FakeProvider;
  const server: Server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      if (incoming.url?.endsWith('/models')) {
        outgoing.setHeader('content-type', 'application/json');
        outgoing.end('{"object":"list","data":[]}');
        return;
      }
      const text = Buffer.concat(chunks).toString('utf8');
      const one = { path: incoming.url ?? '', headers: incoming.headers, text, body: JSON.parse(text || '{}') };
      asked.push(one);
      fake.reply(outgoing, one, incoming.socket);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  fake.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  fake.close = async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
  return fake;
}

const json = (outgoing: ServerResponse, body: unknown) => {
  outgoing.setHeader('content-type', 'application/json');
  outgoing.end(JSON.stringify(body));
};
const stream = (outgoing: ServerResponse, events: readonly string[]) => {
  outgoing.setHeader('content-type', 'text/event-stream');
  for (const event of events) outgoing.write(event);
  outgoing.end();
};

export const chatBody = (text: string, model = 'fake-chat') => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model,
  choices: [
    { index: 0, message: { role: 'assistant', content: text, refusal: null }, logprobs: null, finish_reason: 'stop' },
  ],
  usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
});
export const chatEvents = (words: readonly string[], model = 'fake-chat'): string[] => {
  const chunk = (rest: object) =>
    `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model, ...rest })}\n\n`;
  return [
    chunk({ choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] }),
    ...words.map((content) => chunk({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })),
    chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
    chunk({
      choices: [],
      usage: { prompt_tokens: 7, completion_tokens: words.length, total_tokens: 7 + words.length },
    }),
    'data: [DONE]\n\n',
  ];
};
export const messageBody = (text: string, model = 'fake-claude') => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model,
  content: [{ type: 'text', text }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 7, output_tokens: 3 },
});
export const messageEvents = (words: readonly string[], model = 'fake-claude'): string[] => {
  const event = (data: { type: string } & object) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
  return [
    event({
      type: 'message_start',
      message: {
        ...messageBody('', model),
        content: [],
        stop_reason: null,
        usage: { input_tokens: 7, output_tokens: 1 },
      },
    } as { type: string }),
    event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } } as { type: string }),
    ...words.map((text) =>
      event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } } as { type: string }),
    ),
    event({ type: 'content_block_stop', index: 0 } as { type: string }),
    event({
      type: 'message_delta',
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { output_tokens: words.length },
    } as { type: string }),
    event({ type: 'message_stop' }),
  ];
};

export const responseBody = (text: string, model = 'fake-response') => ({
  id: 'resp_1',
  object: 'response',
  created_at: 1,
  status: 'completed',
  model,
  output: [
    {
      ...{ type: 'message', id: 'msg_1', role: 'assistant', status: 'completed' },
      content: [{ type: 'output_text', text, annotations: [] }],
    },
  ],
  usage: { input_tokens: 7, output_tokens: 3, total_tokens: 10 },
});
export const responseEvents = (words: readonly string[], model = 'fake-response'): string[] => {
  const whole = responseBody(words.join(''), model);
  const begun = { ...whole, status: 'in_progress', output: [], usage: null };
  return [
    { type: 'response.created', response: begun },
    ...words.map((delta) => ({
      ...{ type: 'response.output_text.delta', item_id: 'msg_1', output_index: 0, content_index: 0, delta },
    })),
    { type: 'response.completed', response: whole },
  ].map((data, at) => `event: ${data.type}\ndata: ${JSON.stringify({ ...data, sequence_number: at })}\n\n`);
};

/** Answers as a healthy provider would: in the wire format of the path, streaming or not. */
export const healthy =
  (text = 'Hello there', model?: string): Reply =>
  (outgoing, { path, body }) => {
    const words = text.split(/(?<= )/);
    const { stream: streams } = body;
    if (path.endsWith('/messages'))
      return streams ? stream(outgoing, messageEvents(words, model)) : json(outgoing, messageBody(text, model));
    if (path.endsWith('/responses'))
      return streams ? stream(outgoing, responseEvents(words, model)) : json(outgoing, responseBody(text, model));
    if (path.endsWith('/embeddings'))
      return json(outgoing, {
        object: 'list',
        data: [{ object: 'embedding', index: 0, embedding: [0.1, 0.2] }],
        model: model ?? 'fake-embed',
        usage: { prompt_tokens: 4, total_tokens: 4 },
      });
    return streams ? stream(outgoing, chatEvents(words, model)) : json(outgoing, chatBody(text, model));
  };
