import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CloudEvent } from '@orrery/protocol';

type Event = CloudEvent & { data: unknown };
/** What the hub does with a batch; `undefined` keeps it and answers a receipt. */
type Reply = (batch: Event[], res: ServerResponse, req: IncomingMessage) => boolean | undefined;

/** An event door that keeps what it acknowledges (by id, as the hub does) and can die and come back on its port. */
export class FakeHub {
  readonly kept = new Map<string, Event>();
  readonly requests: { headers: IncomingMessage['headers']; size: number; at: number }[] = [];
  duplicates = 0;
  reply: Reply = () => undefined;
  #server: Server | undefined;
  #port = 0;

  async start(): Promise<void> {
    this.#server = createServer((req, res) => void this.#answer(req, res));
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Kept events whose type ends with the subject. */
  of(subject: string): Event[] {
    return [...this.kept.values()].filter((event) => event.type.endsWith(subject));
  }

  keep(batch: Event[]): { accepted: number; duplicates: number } {
    let duplicates = 0;
    for (const event of batch) {
      if (this.kept.has(event.id)) duplicates++;
      else this.kept.set(event.id, event);
    }
    this.duplicates += duplicates;
    return { accepted: batch.length - duplicates, duplicates };
  }

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of req) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const batch = (JSON.parse(Buffer.concat(chunks).toString()) as unknown[]).map(
      (one) => CloudEvent.parse(one) as Event,
    );
    this.requests.push({ headers: req.headers, size: batch.length, at: performance.now() });
    if (req.url !== '/api/fed/events') res.writeHead(404).end();
    else if (!this.reply(batch, res, req)) {
      const receipt = { ...this.keep(batch), refused: [] };
      res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(receipt));
    }
  }
}
