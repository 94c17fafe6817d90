import { once } from 'node:events';
import { createServer } from 'node:net';
import { CliError, EXIT } from './terminal.ts';

/** The port on 127.0.0.1 when it is free; else another one, or an error when only that one would do. 0 takes any. */
export async function freePort(wanted: number, anyOther: boolean): Promise<number> {
  const found = (await tryPort(wanted)) ?? (anyOther ? await tryPort(0) : undefined);
  if (found === undefined)
    throw new CliError(EXIT.failure, `port ${wanted} is taken by another program`, {
      hint: 'choose another with --port (0 takes a free one)',
    });
  return found;
}

async function tryPort(port: number): Promise<number | undefined> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address ? address.port : undefined;
  } catch {
    return undefined;
  } finally {
    server.close();
  }
}
