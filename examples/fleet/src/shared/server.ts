import { createServer, type RequestListener, type Server } from 'node:http';
import type { FaultSwitch } from './faults.ts';
import { createLine } from './line.ts';
import { createNoise } from './noise.ts';

/** What a broken reverse proxy or a half-written answer looks like: the right type, and text that ends in the middle. */
const CUT_JSON = '{"status":"healthy","checks":{"database":tru';
const SLOW_MS = [900, 1600] as const;

/** A Node server in front of any framework's handler, where the fault switch can stand between. */
export function createFaultyServer(product: RequestListener, faults: FaultSwitch, capacity?: number): Server {
  const noisy = createNoise(product, faults);
  const handler = capacity === undefined ? noisy : createLine(noisy, capacity);
  return createServer((request, response) => {
    switch (faults.current) {
      case 'hang':
        return; // The request is read, and nobody ever answers it.
      case 'badjson':
        response.writeHead(200, { 'content-type': 'application/json' }).end(CUT_JSON);
        return;
      case 'slow':
        setTimeout(() => handler(request, response), SLOW_MS[0] + Math.random() * (SLOW_MS[1] - SLOW_MS[0]));
        return;
      default:
        handler(request, response);
    }
  });
}

/** Opens the listener and ties it to the switch: `down` closes it and every connection, the end of `down` opens it again. */
export async function serve(server: Server, port: number, faults: FaultSwitch): Promise<number> {
  const opened = await listen(server, port);
  faults.onChange(async (fault) => {
    server.closeAllConnections();
    if (fault === 'down') {
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    } else if (!server.listening) await listen(server, opened);
  });
  return opened;
}

/** Listens on loopback and answers the port, which matters for 0. */
export function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}
