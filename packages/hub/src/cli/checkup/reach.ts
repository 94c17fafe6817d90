import { once } from 'node:events';
import { createServer } from 'node:net';
import { send } from '../transport.ts';
import type { Check, Finding } from './types.ts';

const CLOCK_LIMIT_MS = 5000;

/** The hub answers; or none runs, and its address is free. */
export const hub: Check = async ({ config, hub: running }) => {
  if (running) return [{ name: 'hub', status: 'ok', detail: `answers at ${running.url}` }];
  const { host, port } = config;
  const found: Finding[] = [{ name: 'hub', status: 'ok', detail: 'not running; start it with `orrery serve`' }];
  const problem = await tryListen(host, port);
  if (problem === undefined)
    found.push({ name: 'port', status: 'ok', detail: port === 0 ? 'any free one' : `${host}:${port} is free` });
  else
    found.push({
      name: 'port',
      status: 'fail',
      detail: `${host}:${port} cannot be opened (${problem})`,
      fix:
        problem === 'EADDRINUSE'
          ? 'choose another with ORRERY_PORT, or stop what uses it (`ss -ltnp` or `lsof -i` names it)'
          : 'choose an address of this machine with ORRERY_HOST, and a port of 1024 or more with ORRERY_PORT',
    });
  return found;
};

async function tryListen(host: string, port: number): Promise<string | undefined> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  } finally {
    server.close();
  }
}

/** This machine's time is plausible, and agrees with the hub's. */
export const clock: Check = ({ hub: running }) => {
  const name = 'clock';
  const now = new Date();
  if (now.getFullYear() < 2026)
    return [
      {
        name,
        status: 'fail',
        detail: `it is said to be ${now.toISOString()}`,
        fix: 'set the time: timedatectl set-ntp true',
      },
    ];
  const skew = running?.dateSkewMs ?? 0;
  if (Math.abs(skew) > CLOCK_LIMIT_MS)
    return [
      {
        name,
        status: 'warn',
        detail: `the hub's clock differs by ${(skew / 1000).toFixed(0)} s`,
        fix: 'run NTP on both machines',
      },
    ];
  return [{ name, status: 'ok', detail: now.toISOString() }];
};

/** Every project of the file answers from here. */
export const projects: Check = async ({ config: { file } }) => {
  const waiting = file.projects.map(({ declaration }) => declaration);
  const found: Finding[] = [];
  const worker = async () => {
    for (let project = waiting.shift(); project; project = waiting.shift())
      found.push(await reach(project.slug, project.hubUrl));
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return found.sort((a, b) => a.name.localeCompare(b.name));
};

async function reach(slug: string, hubUrl: string): Promise<Finding> {
  const name = `project ${slug}`;
  const url = `${hubUrl.replace(/\/+$/, '')}/api/health`;
  const started = performance.now();
  const answer = await send({ url, method: 'GET' }, 5000);
  const took = Math.round(performance.now() - started);
  if ('unreachable' in answer)
    return {
      name,
      status: 'fail',
      detail: `${url} does not answer (${answer.unreachable})`,
      fix: 'is it running, and is `hubUrl` right as seen from this machine?',
    };
  if (answer.status >= 400)
    return {
      name,
      status: 'warn',
      detail: `${url} answers ${answer.status}`,
      fix:
        answer.status === 404
          ? 'does it serve /api/health? `hubUrl` must be the address before it'
          : 'look at its own log',
    };
  return { name, status: 'ok', detail: `${url} answered ${answer.status} in ${took} ms` };
}
