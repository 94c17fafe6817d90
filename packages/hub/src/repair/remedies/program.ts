import { spawn } from 'node:child_process';
import type { RemedyContext } from './remedy.ts';

const KEPT_BYTES = 2000;
/** After the end of its time a program is asked to stop, and so long after that it is made to. */
const KILL_AFTER_MS = 2000;
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** How a program ended: well only with 0 and in time; what it wrote last, at most 2000 bytes; the whole in words. */
export type Ended = { well: boolean; said: string; words: string };

/**
 * Runs a program with its arguments, without a shell, with nothing of the hub's environment but PATH. It is ended with all its children when
 * its time, in ms, is over or the signal comes. Never throws.
 */
export function runProgram(
  [program = '', ...args]: readonly string[],
  {
    timeoutMs,
    signal,
    env = {},
  }: Pick<RemedyContext, 'signal'> & { timeoutMs: number; env?: Readonly<Record<string, string>> },
): Promise<Ended> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(Math.max(0, Math.ceil(timeoutMs)))]);
  if (signal.aborted) return Promise.resolve({ well: false, said: '', words: `${program} was not started` });
  return new Promise<Ended>((resolve) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      cwd: '/',
      env: { PATH, ...env },
    });
    let said = '';
    const keep = (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-KEPT_BYTES);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const end = (how: NodeJS.Signals) => {
      try {
        // The whole group: what it started ends with it.
        if (child.pid !== undefined) process.kill(-child.pid, how);
      } catch {
        // Gone already.
      }
    };
    let late: NodeJS.Timeout | undefined;
    const stop = () => {
      end('SIGTERM');
      late = setTimeout(end, KILL_AFTER_MS, 'SIGKILL');
    };
    limit.addEventListener('abort', stop, { once: true });
    const settle = (ended: Ended) => {
      limit.removeEventListener('abort', stop);
      clearTimeout(late);
      resolve(ended);
    };
    child.once('error', (error) =>
      settle({ well: false, said: '', words: `${program} could not be started: ${error.message}` }),
    );
    // Not `close`: a child that left the group may hold the pipes for ever.
    child.once('exit', (code, killed) => {
      const last = said.trim().split('\n').at(-1) ?? '';
      const how = limit.aborted ? 'was ended after its time' : killed ? `was ended by ${killed}` : `ended with ${code}`;
      settle({
        well: code === 0 && !limit.aborted,
        said,
        words: `${program} ${how}${last ? `: ${last.slice(0, 300)}` : ''}`,
      });
    });
  });
}
