import { connect } from 'node:net';
import { freePort } from './ports.ts';
import { startProgram, temporaryFolder } from './program.ts';

/** Sends one line to a Redis server and gives what it says first. */
export function tellRedis(port: number, ...lines: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port }, () => void socket.write(`${lines.join('\r\n')}\r\nQUIT\r\n`));
    let said = '';
    socket.on('data', (chunk) => {
      said += chunk.toString();
    });
    socket.once('error', reject);
    socket.once('close', () => resolve(said));
  });
}

/** Starts a private redis-server on 127.0.0.1, with more arguments as on its command line (`--requirepass`, `x`). */
export async function startRedis(...more: string[]): Promise<{ port: number; stop(): Promise<void> }> {
  const folder = temporaryFolder('redis');
  const port = await freePort();
  const server = await startProgram({
    command: 'redis-server',
    args: ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder.path, '--save', '', ...more],
    cwd: folder.path,
    what: 'Redis',
    ready: async () => /PONG|NOAUTH|MASTERDOWN/.test(await tellRedis(port, 'PING')),
  });
  return {
    port,
    async stop() {
      await server.stop();
      folder.remove();
    },
  };
}
