import type { Judge } from '../facts.ts';
import { connections } from './connections.ts';
import { indexes } from './indexes.ts';
import { pools } from './pools.ts';
import { repeats } from './repeats.ts';
import { slowRoutes, slowStatements } from './slow.ts';

export type JudgeName = 'slowRoutes' | 'slowStatements' | 'repeats' | 'pools' | 'connections' | 'indexes';

/** Every judge of performance. */
export const JUDGES = { slowRoutes, slowStatements, repeats, pools, connections, indexes } satisfies Record<
  JudgeName,
  Judge
>;
