import { once } from 'node:events';
import { createServer } from 'node:http';
import { AlertNotification } from '@orrery/protocol';
import { verifyBody } from '@orrery/protocol/signing';
import type { Page } from './ground.ts';

export type Pager = { url: string; pages: readonly Page[]; stop(): Promise<void> };

const MAX_BYTES = 256 * 1024;
/** What wakes people; the end of an alert does not. */
const WAKES: ReadonlySet<string> = new Set(['alert.opened', 'alert.reminder', 'alert.escalated']);

/** A receiver on loopback that counts what a person would be told: notifications under a right signature, each id once. */
export async function startPager({ port, secret }: { port: number; secret: string }): Promise<Pager> {
  const pages: Page[] = [];
  const known = new Set<string>();
  const server = createServer(async (request, response) => {
    const answer = (status: number) => response.writeHead(status).end();
    const chunks: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const chunk of request) {
        bytes += (chunk as Buffer).length;
        if (bytes > MAX_BYTES) return answer(413);
        chunks.push(chunk as Buffer);
      }
    } catch {
      return; // The sender went away in the middle: nothing arrived.
    }
    const body = Buffer.concat(chunks).toString('utf8');
    const header = (name: string) => {
      const value = request.headers[name];
      return typeof value === 'string' ? value : null;
    };
    const signed = verifyBody([secret], { get: header }, body, new Date());
    if (!signed.ok) return answer(401);
    const told = AlertNotification.safeParse(parsed(body));
    if (!told.success) return answer(400);
    const { type, alert } = told.data;
    if (!known.has(signed.id) && WAKES.has(type))
      pages.push({ at: Date.now(), id: signed.id, type, project: alert.project });
    known.add(signed.id);
    return answer(204);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : port}/`,
    pages,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
