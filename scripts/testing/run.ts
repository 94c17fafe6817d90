import { spawn } from 'node:child_process';
import { delimiter, resolve } from 'node:path';

export type Outcome = { ok: boolean; output: string };

/** Runs one program of the repository and keeps what it writes; past its time it is ended, with all of its children. */
export function run(command: string, args: readonly string[], timeoutMs: number): Promise<Outcome> {
  const bin = resolve('node_modules', '.bin');
  const child = spawn(resolve(bin, command), args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PATH: `${bin}${delimiter}${process.env.PATH ?? ''}`,
      ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' }),
    },
  });
  const endAll = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // Nobody is left.
    }
  };
  const interrupted = () => {
    endAll();
    process.exit(130);
  };
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  let output = '';
  const keep = (chunk: Buffer) => {
    output += chunk;
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  return new Promise((done) => {
    const finish = (ok: boolean, more = '') => {
      clearTimeout(timer);
      process.off('SIGINT', interrupted);
      process.off('SIGTERM', interrupted);
      done({ ok, output: output + more });
    };
    const timer = setTimeout(() => {
      endAll();
      finish(false, `\n${command} was ended: it took longer than ${timeoutMs / 60_000} min.\n`);
    }, timeoutMs);
    child.once('error', (error) => finish(false, `${command} could not be started: ${error.message}\n`));
    child.once('exit', (code) => {
      // The pipes may hold a last piece; a child of the child must not keep us waiting for it.
      setTimeout(() => finish(code === 0), 50);
    });
  });
}
