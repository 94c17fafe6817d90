import { chmod, mkdir, rename, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { HubOptions, Instance, InstanceOptions } from '@orrery/sdk';
import { nats } from '@orrery/sdk/nats';
import { createControl } from './control.ts';
import type { Watch } from './database.ts';
import type { Environment } from './environment.ts';
import type { FaultSwitch } from './faults.ts';
import { createFaultyServer, listen, serve } from './server.ts';

/** The part of the SDK's options that every product of the fleet fills in the same way. */
export function commonOptions(
  env: Environment,
  name: string,
  version: string,
  more: Pick<HubOptions, 'summariesEveryMs'> = {},
) {
  const pace = { metricsEveryMs: 0, presenceEveryMs: 30_000, ...more };
  const url = `http://127.0.0.1:${env.port}`;
  return {
    project: env.slug,
    name,
    version,
    hubUrl: url,
    apiKey: env.apiKey,
    ...(env.meshKey ? { meshKey: env.meshKey } : {}),
    // The hub asks for metrics by its instance probe; presence and health are pushed beside that.
    ...(env.natsUrl
      ? { hub: { link: nats({ url: env.natsUrl }), ...pace } }
      : env.hubUrl
        ? { hub: { url: env.hubUrl, key: env.apiKey, ...pace } }
        : {}),
  } satisfies InstanceOptions;
}

/**
 * Sends statements through the query logger. Under the fault `errors` the database refuses every one of them; under `statement` those on the
 * product's busiest table take 0.9 to 1.4 s, as when an index is lost.
 */
export function watchQueries(instance: Instance, faults: FaultSwitch, busiest: RegExp): Watch {
  return <T>(sql: string, run: () => T) =>
    instance.queries.wrap<T | Promise<T>>(sql, () => {
      if (faults.current === 'errors') throw new Error('the database refused the connection: too many clients already');
      if (faults.current === 'statement' && busiest.test(sql)) return wait(900 + Math.random() * 500).then(run);
      return run();
    });
}

export type Running = {
  env: Environment;
  instance: Instance;
  faults: FaultSwitch;
  handler: RequestListener;
  /** Runs every `everyMs`; what it throws is logged and tried again at the next turn. */
  chores: readonly { everyMs: number; run: () => unknown }[];
  close: () => Promise<void>;
};

/** Opens the product's port and its control port, starts its chores, and ends with the parent process or a signal. */
export async function runProduct({ env, instance, faults, handler, chores, close }: Running): Promise<void> {
  const server = createFaultyServer(handler, faults, env.capacity);
  const port = await serve(server, env.port, faults);
  const control = createControl(faults, env.token, (type, data) => instance.emit(type, data));
  const controlPort = await listen(control, 0);
  await writeControlFile(env, `http://127.0.0.1:${port}`, controlPort);
  instance.start();
  instance.summary.deploy({
    envs: ['production'],
    versions: [(await instance.health()).version],
    // A start is no deploy: who starts it says when the release came.
    lastDeployedAt: env.release?.at ?? new Date().toISOString(),
  });
  if (env.release?.isNew) {
    const { version } = env.release;
    instance.emit('deploy.finished', { title: `${env.slug} ${version} was deployed`, version, env: 'production' });
  }
  // A bad release is as bad after a restart.
  if (env.release?.fault) await faults.set(env.release.fault);
  const timers = chores.map(({ everyMs, run }) => setInterval(() => void attempt(instance, run), everyMs));
  for (const { run } of chores) await attempt(instance, run);
  instance.logs.write('info', `${env.slug} is listening on port ${port}`, { pid: process.pid });

  let ending = false;
  const end = async () => {
    if (ending) return;
    ending = true;
    for (const timer of timers) clearInterval(timer);
    server.close();
    server.closeAllConnections();
    control.close();
    await instance.stop({ timeoutMs: 300 });
    await close();
    process.exit(0);
  };
  process.on('SIGTERM', () => void end());
  process.on('SIGINT', () => void end());
  process.on('disconnect', () => void end());
  if (process.send) process.send({ ready: { port, controlPort, token: env.token } });
  else console.log(`${env.slug} listens on http://127.0.0.1:${port} (x-api-key: ${env.apiKey})`);
}

async function attempt(instance: Instance, run: () => unknown): Promise<void> {
  try {
    await run();
  } catch (error) {
    instance.logs.write('error', 'A background task failed', { error });
  }
}

/** `fault.ts` finds the control port and its token here; only this user may read it. */
async function writeControlFile(env: Environment, url: string, controlPort: number): Promise<void> {
  await mkdir(env.dir, { recursive: true, mode: 0o700 });
  const path = join(env.dir, `${env.slug}.control.json`);
  const content = { slug: env.slug, url, control: `http://127.0.0.1:${controlPort}/__fault`, token: env.token };
  await writeFile(`${path}.${process.pid}`, JSON.stringify(content), { mode: 0o600 });
  await chmod(`${path}.${process.pid}`, 0o600);
  await rename(`${path}.${process.pid}`, path);
}
