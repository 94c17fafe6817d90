import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Engine } from './engine.ts';

export type ContainerOptions = {
  name: string;
  slug: 'veria' | 'performia' | 'rollizr';
  /** Its databases and its switch; mounted into it. */
  folder: string;
  /** Where the fleet stands; mounted into it, and not to be written. */
  root: string;
  image: string;
  bindNode: boolean;
  url: string;
  apiKey: string;
  healthEveryMs: number;
  env: Readonly<Record<string, string>>;
};
export type Container = Pick<ContainerOptions, 'name' | 'slug' | 'url' | 'apiKey'> & {
  /** `stop?t=1`, `kill`, `pause`, … */
  post(verb: string): Promise<void>;
  state(): Promise<{ Status: string; Paused: boolean; Running: boolean; StartedAt: string }>;
  /** Speaks to the fault switch of the product inside. */
  tell(body: object): Promise<void>;
  /** While it is broken, the product ends as soon as it is started. */
  breakStart(isBroken: boolean): void;
  remove(): Promise<void>;
};

const READY_MS = 60_000;

/** Starts one product of the fleet as a container that carries the label by which it may be restarted; done when it answers. */
export async function startContainer(engine: Engine, options: ContainerOptions): Promise<Container> {
  const { name, slug, folder, root, image, bindNode, url, apiKey, healthEveryMs, env } = options;
  const node = bindNode ? '/usr/local/bin/node' : 'node';
  const mounts = bindNode
    ? [`${process.execPath}:${node}`, ...['/lib', '/lib64', '/usr/lib'].map((at) => `${at}:${at}`)]
    : [];
  const broken = join(folder, 'broken');
  const program = `${root}examples/fleet/src/${slug}.ts`;
  // The marker stands for a volume that lost its data: the product cannot start while it is so.
  const start = `require('node:fs').existsSync(${JSON.stringify(broken)}) ? process.exit(3) : import(${JSON.stringify(program)})`;
  const look = `fetch('${url}/api/health',{signal:AbortSignal.timeout(1500)}).then(r=>process.exit(r.ok?0:1),()=>process.exit(1))`;
  await engine.ask('POST', `/containers/create?name=${name}`, {
    Image: image,
    Cmd: [node, '--conditions=@orrery/source', '--disable-warning=ExperimentalWarning', '-e', start],
    Env: Object.entries(env).map(([key, value]) => `${key}=${value}`),
    Labels: { 'orrery.heal': 'true', 'orrery.drill': 'true' },
    Healthcheck: {
      Test: ['CMD', node, '-e', look],
      Interval: healthEveryMs * 1e6,
      Timeout: 3e9,
      Retries: 1,
      StartPeriod: 20e9,
    },
    HostConfig: {
      ...{ NetworkMode: 'host', Init: true, RestartPolicy: { Name: 'on-failure' } },
      Binds: [...mounts.map((mount) => `${mount}:ro`), `${root}:${root}:ro`, `${folder}:${folder}`],
    },
  });
  const container: Container = {
    ...{ name, slug, url, apiKey },
    post: (verb) => engine.ask('POST', `/containers/${name}/${verb}`),
    state: async () =>
      (await engine.ask<{ State: Awaited<ReturnType<Container['state']>> }>('GET', `/containers/${name}/json`)).State,
    async tell(body) {
      // Its address is another one after each start.
      const { control, token } = JSON.parse(readFileSync(join(folder, `${slug}.control.json`), 'utf8'));
      const headers = { authorization: `Bearer ${token}` };
      const response = await fetch(control, { method: 'POST', headers, body: JSON.stringify(body) });
      if (!response.ok) throw new Error(`${slug} refused ${JSON.stringify(body)}: ${await response.text()}`);
    },
    breakStart(isBroken) {
      if (isBroken) writeFileSync(broken, '');
      else rmSync(broken, { force: true });
    },
    remove: () => engine.ask('DELETE', `/containers/${name}?force=1`),
  };
  try {
    await container.post('start');
    const end = performance.now() + READY_MS;
    while (!(await answers(url))) {
      if (performance.now() > end)
        throw new Error(`the container of ${slug} does not answer at ${url}: ${await said(engine, name)}`);
      await wait(200);
    }
    return container;
  } catch (error) {
    await container.remove();
    throw error;
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/api/capabilities`, { signal: AbortSignal.timeout(1000) })).ok;
  } catch {
    return false;
  }
}

/** What it looks like from outside, for whoever has to find out why it does not start. */
async function said(engine: Engine, name: string): Promise<string> {
  const { State } = await engine.ask<{ State: object }>('GET', `/containers/${name}/json`);
  return JSON.stringify(State).slice(0, 500);
}
