import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DrillApi, OwnHub } from '../../drill/index.ts';
import { type ClientOptions, createClient } from '../client.ts';
import { CliError, type Terminal } from '../terminal.ts';

/** The hub's API as the drill asks it: what does not exist, or is not there yet, is undefined and no failure. */
export function drillApi(options: ClientOptions, terminal: Terminal): DrillApi & { url: string } {
  const client = createClient(options, terminal);
  return {
    url: client.url,
    get: (path) => client.get(path),
    async find<T>(path: string) {
      try {
        return await client.get<T>(path);
      } catch (error) {
        if (error instanceof CliError && error.status === 404) return undefined;
        throw error;
      }
    },
  };
}

/** Hubs of the drill's own, in this process. Nothing of the caller's own hub leaks in: they have an environment of their own. */
export const ownHub =
  (terminal: Terminal, json: boolean): OwnHub =>
  async ({ yaml, dataDir, port, env = {} }) => {
    const [{ loadConfig }, { startHub }, { hubLog }] = await Promise.all([
      import('../../config/index.ts'),
      import('../../hub.ts'),
      import('../log.ts'),
    ]);
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const file = join(dataDir, 'orrery.yaml');
    writeFileSync(file, yaml, { mode: 0o600 });
    const config = loadConfig({
      env: { ORRERY_LOG_LEVEL: 'error', ...env },
      cwd: dataDir,
      flags: { config: file, data: dataDir, port: String(port), host: '127.0.0.1' },
    });
    const hub = await startHub(config, { log: await hubLog(config.logLevel, terminal, json) });
    const api = drillApi({ data: dataDir, url: hub.url }, { ...terminal, env: {}, cwd: dataDir });
    return { api, stop: () => hub.stop() };
  };
