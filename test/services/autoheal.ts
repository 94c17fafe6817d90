import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from './docker.ts';
import { type Running, startOrrery } from './orrery.ts';

/** Healthy while a file is there, which a start makes. */
export const WELL = {
  Cmd: ['sh', '-c', 'touch /well; sleep 600'],
  Healthcheck: { Test: ['CMD-SHELL', 'test -e /well'], Interval: 1e9, Timeout: 20e9, Retries: 1, StartInterval: 1e9 },
  Labels: { 'orrery.heal': 'true' },
};

/** Runs a program inside of a container, and does not wait for it. */
export async function execIn(engine: Engine, container: string, ...Cmd: string[]): Promise<void> {
  const { json } = await engine.ask('POST', `/containers/${container}/exec`, { Cmd });
  await engine.ask('POST', `/exec/${(json as { Id: string }).Id}/start`, { Detach: true });
}

export async function inspect(engine: Engine, container: string) {
  const { json } = await engine.ask('GET', `/containers/${container}/json`);
  const { State: state } = json as {
    State: { Status: string; StartedAt: string; ExitCode: number; Health?: { Status: string } };
  };
  return { status: state.Status, startedAt: state.StartedAt, exitCode: state.ExitCode, health: state.Health?.Status };
}

export type Try = {
  container: string;
  status: string;
  outcome: string | null;
  detail: string;
  reason: string;
  actingAt: number | null;
};
export type Autoheal = { state: string; run: Running; tries(): Try[]; stop(): Promise<void>; kill(): Promise<void> };

/** Starts the real `orrery autoheal` on a real engine; given a folder it goes on from the state there. */
export async function startAutoheal(
  engine: { socket: string },
  options: { args?: readonly string[]; env?: Record<string, string>; state?: string } = {},
): Promise<Autoheal> {
  const { args = [], env = {}, state = mkdtempSync(join(tmpdir(), 'orrery-autoheal-')) } = options;
  const run = startOrrery(
    [
      ...['autoheal', '--json', '--socket', engine.socket, '--mode', 'automatic', '--state', state],
      ...['--grace', '1s', '--within', '20s', '--stable', '2s', '--max-share', '100', ...args],
    ],
    { env },
  );
  await run.firstLine();
  const ends = async (signal: NodeJS.Signals) => {
    run.process.kill(signal);
    await run.ended;
  };
  return {
    ...{ state, run },
    tries: () =>
      existsSync(join(state, 'state.json'))
        ? (JSON.parse(readFileSync(join(state, 'state.json'), 'utf8')) as { tries: Try[] }).tries
        : [],
    stop: () => ends('SIGTERM'),
    kill: () => ends('SIGKILL'),
  };
}
