import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './ports.ts';
import { until } from './until.ts';

export type HandedOver = {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
  endsAt: string;
  status: { state: 'active' | 'suppressed' | 'unprocessed' };
  generatorURL: string;
};
export type AlertmanagerService = {
  url: string;
  /** What it takes for firing now, as its own API tells. */
  alerts(): Promise<HandedOver[]>;
  post(path: string, body: unknown): Promise<Response>;
  /** Ends it and begins again on the same storage, like an upgrade. */
  restart(): Promise<void>;
  stop(): Promise<void>;
};

const CONFIG = `route: { receiver: nobody, group_by: [project] }
receivers: [{ name: nobody }]
`;

/** Starts Debian's Alertmanager on 127.0.0.1, without a cluster, on storage of its own. */
export async function startAlertmanager(): Promise<AlertmanagerService> {
  const folder = mkdtempSync(join(tmpdir(), 'orrery-alertmanager-'));
  const config = join(folder, 'alertmanager.yml');
  writeFileSync(config, CONFIG);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;

  async function start() {
    const args = [
      `--config.file=${config}`,
      `--storage.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ];
    const child = spawn('prometheus-alertmanager', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said = `${said}${chunk}`.slice(-4000);
    });
    try {
      await until(async () => (await fetch(`${url}/-/ready`)).ok, { timeoutMs: 30_000, what: 'Alertmanager' });
    } catch (error) {
      child.kill('SIGKILL');
      throw new Error(`Alertmanager did not start: ${said}`, { cause: error });
    }
    return child;
  }
  let running = await start();
  const end = async () => {
    const ended = once(running, 'exit');
    running.kill('SIGTERM');
    await ended;
  };
  return {
    url,
    alerts: async () => (await fetch(`${url}/api/v2/alerts`)).json() as Promise<HandedOver[]>,
    post: (path, body) =>
      fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    async restart() {
      await end();
      running = await start();
    },
    async stop() {
      await end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
