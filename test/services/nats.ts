import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requirePrograms } from '../../scripts/testing/programs.ts';
import { freePort } from './ports.ts';
import { type Running, startProgram, temporaryFolder } from './program.ts';

export type NatsService = {
  /** Without credentials. */
  url: string;
  port: number;
  pid: number;
  folder: string;
  configFile: string;
  /** Kills it and starts it again on the same store and port. */
  restart(pauseMs?: number): Promise<void>;
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Writes the part of the configuration that is not the server's own, and has the server take it up. */
  configure(text: string): void;
  stop(): Promise<void>;
};

/**
 * A real nats-server with JetStream on 127.0.0.1, its store in a folder of its own. `text` is more of its configuration: who may do what.
 * `far` is a network of its own that it stands in, and its address there.
 */
export async function startNats(text = '', far?: { inside: readonly string[]; address: string }): Promise<NatsService> {
  requirePrograms(['nats-server']);
  const folder = temporaryFolder('nats');
  const [port, monitor] = [await freePort(), await freePort()];
  const [address, anywhere] = far ? [far.address, '0.0.0.0'] : ['127.0.0.1', '127.0.0.1'];
  const [command = '', ...args] = [...(far?.inside ?? []), 'nats-server'];
  const configFile = join(folder.path, 'nats.conf');
  const write = (more: string) =>
    writeFileSync(
      configFile,
      `listen: ${anywhere}:${port}\nhttp: ${anywhere}:${monitor}\npid_file: "${folder.path}/nats.pid"\njetstream { store_dir: "${folder.path}/store" }\n${more}\n`,
    );
  write(text);
  let server: Running | undefined;
  const service = {
    url: `nats://${address}:${port}`,
    port,
    get pid() {
      return server?.pid ?? 0;
    },
    folder: folder.path,
    configFile,
    async start() {
      server = await startProgram({
        command,
        args: [...args, '-c', configFile],
        cwd: folder.path,
        what: 'NATS',
        ready: async () => (await fetch(`http://${address}:${monitor}/healthz`)).ok,
      });
    },
    async kill() {
      const pid = server?.pid;
      if (pid === undefined) return;
      process.kill(pid, 'SIGKILL');
      await server?.stop();
      server = undefined;
    },
    async restart(pauseMs = 0) {
      await service.kill();
      if (pauseMs > 0) await new Promise((done) => setTimeout(done, pauseMs));
      await service.start();
    },
    configure(more: string) {
      write(more);
      process.kill(service.pid, 'SIGHUP');
    },
    async stop() {
      await server?.stop();
      server = undefined;
      folder.remove();
    },
  };
  await service.start();
  return service;
}
