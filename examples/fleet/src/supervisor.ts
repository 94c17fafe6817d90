import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { rename, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { verifyBody } from '@orrery/protocol/signing';
import type { Product } from './process.ts';
import { listen } from './shared/server.ts';

export type Supervisor = {
  url: string;
  /** What it did, on its own clock. */
  readonly done: readonly { at: number; what: string; slug: string }[];
  stop(): Promise<void>;
};

/**
 * What keeps the products running, as a process manager does: `POST /restart/<slug>` starts one afresh, `POST /rollback/<slug>` with the release
 * before. It listens on loopback only, to whoever signs by Standard Webhooks with `secret` or holds the token in `<dir>/supervisor.json`
 * (mode 0600).
 */
export async function startSupervisor(
  products: readonly Product[],
  { dir, secret }: { dir: string; secret: string },
): Promise<Supervisor> {
  const token = randomBytes(24).toString('base64url');
  const done: { at: number; what: string; slug: string }[] = [];
  const server = createServer(async (request, response) => {
    const answer = (status: number, text: string) => response.writeHead(status).end(text);
    try {
      const body = await read(request);
      if (!holds(request, token) && !isSigned(request, body, secret)) return answer(401, 'sign it, or bring the token');
      const [, what, slug] = /^\/(restart|rollback)\/([a-z]+)$/.exec(request.url ?? '') ?? [];
      const product = products.find((one) => one.slug === slug);
      if (request.method !== 'POST' || !product || !what)
        return answer(404, 'POST /restart/<slug> or /rollback/<slug>');
      await (what === 'restart' ? product.restart() : product.rollBack());
      done.push({ at: Date.now(), what, slug: product.slug });
      return answer(200, 'done');
    } catch (error) {
      return answer(500, error instanceof Error ? error.message : String(error));
    }
  });
  const url = `http://127.0.0.1:${await listen(server, 0)}`;
  const file = join(dir, 'supervisor.json');
  await writeFile(`${file}.new`, JSON.stringify({ url, token }), { mode: 0o600 });
  await rename(`${file}.new`, file);
  return {
    url,
    done,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function read(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > 16_384) throw new Error('that is more than a request for a restart');
  }
  return text;
}

function isSigned({ headers }: IncomingMessage, body: string, secret: string): boolean {
  const get = (name: string) => {
    const value = headers[name];
    return typeof value === 'string' ? value : null;
  };
  return verifyBody([secret], { get }, body, new Date()).ok;
}

function holds({ headers }: IncomingMessage, token: string): boolean {
  const given = Buffer.from(headers.authorization ?? '');
  const expected = Buffer.from(`Bearer ${token}`);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
