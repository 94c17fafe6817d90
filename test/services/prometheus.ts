import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePort } from './ports.ts';
import { startProgram, temporaryFolder } from './program.ts';

/** Starts a private Prometheus server that scrapes these addresses (`127.0.0.1:9100`) every second, and itself. */
export async function startPrometheus(...targets: string[]): Promise<{ url: string; stop(): Promise<void> }> {
  const port = await freePort();
  return startPrometheusWith(
    {
      'prometheus.yml': stringify({
        global: { scrape_interval: '1s' },
        scrape_configs: [
          { job_name: 'self', static_configs: [{ targets: [`127.0.0.1:${port}`] }] },
          { job_name: 'others', static_configs: [{ targets }] },
        ],
      }),
    },
    port,
  );
}

/** The same with files of its own: `prometheus.yml` and what that names. */
export async function startPrometheusWith(
  files: Readonly<Record<string, string>>,
  given?: number,
): Promise<{ url: string; stop(): Promise<void> }> {
  const folder = temporaryFolder('prometheus');
  const port = given ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const config = join(folder.path, 'prometheus.yml');
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder.path, name), text);
  const server = await startProgram({
    command: 'prometheus',
    args: [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder.path, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    cwd: folder.path,
    what: 'Prometheus',
    ready: async () => (await fetch(`${url}/-/ready`)).ok,
  });
  return {
    url,
    async stop() {
      await server.stop();
      folder.remove();
    },
  };
}

/** Starts a private node exporter, which shows figures of this machine. */
export async function startNodeExporter(): Promise<{ url: string; stop(): Promise<void> }> {
  const folder = temporaryFolder('exporter');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/metrics`;
  const server = await startProgram({
    command: 'prometheus-node-exporter',
    args: [
      `--web.listen-address=127.0.0.1:${port}`,
      '--collector.disable-defaults',
      '--collector.cpu',
      '--collector.meminfo',
      '--collector.loadavg',
    ],
    cwd: folder.path,
    what: 'the node exporter',
    ready: async () => (await fetch(url)).ok,
  });
  return {
    url,
    async stop() {
      await server.stop();
      folder.remove();
    },
  };
}
