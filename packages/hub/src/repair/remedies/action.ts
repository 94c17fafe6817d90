import { type ActionRemedy, parseDuration } from '@orrery/protocol';
import type { z } from 'zod';
import type { Remedy } from './remedy.ts';

/** Asks the instance for an action, by the same door, allowlist and signature as people do. */
export const action: Remedy<z.output<typeof ActionRemedy>> = {
  describe: ({ action: name, params }) =>
    `ask the instance for ${name}${params ? ` with ${Object.keys(params).join(', ')}` : ''}`,
  act: ({ action: name, params, timeout }, context) => context.act(name, params, parseDuration(timeout) ?? 0),
};
