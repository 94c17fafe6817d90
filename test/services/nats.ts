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

/** A real nats-server with JetStream on 127.0.0.1, its store in a folder of its own. `text` is more of its configuration: who may do what. */
export async function startNats(text = ''): Promise<NatsService> {
  requirePrograms(['nats-server']);
  const folder = temporaryFolder('nats');
  const [port, monitor] = [await freePort(), await freePort()];
  const configFile = join(folder.path, 'nats.conf');
  const write = (more: string) =>
    writeFileSync(
      configFile,
      `listen: 127.0.0.1:${port}\nhttp: 127.0.0.1:${monitor}\npid_file: "${folder.path}/nats.pid"\njetstream { store_dir: "${folder.path}/store" }\n${more}\n`,
    );
  write(text);
  let server: Running | undefined;
  const service = {
    url: `nats://127.0.0.1:${port}`,
    port,
    get pid() {
      return server?.pid ?? 0;
    },
    folder: folder.path,
    configFile,
    async start() {
      server = await startProgram({
        command: 'nats-server',
        args: ['-c', configFile],
        cwd: folder.path,
        what: 'NATS',
        ready: async () => (await fetch(`http://127.0.0.1:${monitor}/healthz`)).ok,
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
