import { spawn } from 'node:child_process';
import { type CommandRemedy, parseDuration } from '@orrery/protocol';
import type { z } from 'zod';
import type { Acted, Remedy } from './remedy.ts';

const KEPT_BYTES = 2000;
/** After the end of its time a command is asked to stop, and so long after that it is made to. */
const KILL_AFTER_MS = 2000;

/**
 * Runs a declared command: a program and its arguments as they stand in the file, without a shell, with nothing of the hub's environment
 * but PATH. It is ended with all its children when its time is over.
 */
export const command: Remedy<z.output<typeof CommandRemedy>> = {
  describe: ({ run }) => `run ${run[0]}${run.length > 1 ? ` with ${run.length - 1} arguments` : ''}`,

  act({ run, timeout }, { signal, project, service, attemptId }) {
    const [program = '', ...args] = run;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(parseDuration(timeout) ?? 0)]);
    return new Promise<Acted>((resolve) => {
      const child = spawn(program, args, {
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
        cwd: '/',
        env: { PATH: PATH, ORRERY_PROJECT: project, ORRERY_SERVICE: service, ORRERY_ATTEMPT: attemptId },
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
      const settle = (acted: Acted) => {
        limit.removeEventListener('abort', stop);
        clearTimeout(late);
        resolve(acted);
      };
      child.once('error', (error) =>
        settle({ done: false, detail: `${program} could not be started: ${error.message}` }),
      );
      // Not `close`: a child that left the group may hold the pipes for ever.
      child.once('exit', (code, killed) => {
        const last = said.trim().split('\n').at(-1) ?? '';
        const how = limit.aborted
          ? 'was ended after its time'
          : killed
            ? `was ended by ${killed}`
            : `ended with ${code}`;
        settle({
          done: code === 0 && !limit.aborted,
          detail: `${program} ${how}${last ? `: ${last.slice(0, 300)}` : ''}`,
        });
      });
    });
  },
};

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
