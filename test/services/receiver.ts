import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Received = { at: number; path: string; headers: IncomingHttpHeaders; body: string; status: number };
/** What the receiver does with a request: answers, or leaves it hanging, or breaks the connection off. */
export type Answer = { status: number; headers?: Record<string, string>; body?: string } | 'hang' | 'reset';

export type Receiver = {
  url: string;
  /** Every request that came in whole, in order, with the status it was answered with (0 for none). */
  received: Received[];
  /** Those that were answered with 2xx. */
  taken(): Received[];
  /** Answers all further requests like this. */
  answer(next: Answer | ((request: Omit<Received, 'status'>) => Answer)): void;
  close(): Promise<void>;
};

/** A webhook receiver on 127.0.0.1 that keeps what arrives; answers 204 until told otherwise. */
export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  let decide: (request: Omit<Received, 'status'>) => Answer = () => ({ status: 204 });
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return; // The sender died in the middle: nothing arrived.
    }
    const seen = {
      at: Date.now(),
      path: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks).toString('utf8'),
    };
    const answer = decide(seen);
    received.push({ ...seen, status: typeof answer === 'string' ? 0 : answer.status });
    if (answer === 'hang') return;
    if (answer === 'reset') return void request.socket.destroy();
    response.writeHead(answer.status, answer.headers).end(answer.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    taken: () => received.filter(({ status }) => status >= 200 && status < 300),
    answer(next) {
      decide = typeof next === 'function' ? next : () => next;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
