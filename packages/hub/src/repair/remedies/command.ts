import { type CommandRemedy, parseDuration } from '@orrery/protocol';
import type { z } from 'zod';
import { runProgram } from './program.ts';
import type { Remedy } from './remedy.ts';

/** Runs a declared command: a program and its arguments as they stand in the file. */
export const command: Remedy<z.output<typeof CommandRemedy>> = {
  describe: ({ run }) => `run ${run[0]}${run.length > 1 ? ` with ${run.length - 1} arguments` : ''}`,

  async act({ run, timeout }, { signal, project, service, attemptId }) {
    const { well, words } = await runProgram(run, {
      signal,
      timeoutMs: parseDuration(timeout) ?? 0,
      env: { ORRERY_PROJECT: project, ORRERY_SERVICE: service, ORRERY_ATTEMPT: attemptId },
    });
    return { done: well, detail: words };
  },
};
