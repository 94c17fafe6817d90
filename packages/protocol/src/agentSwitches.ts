import { z } from 'zod';

const Switch = z.strictObject({ enabled: z.boolean().default(true) }).prefault({});
/** Which agents run. Without Monitor nothing is watched, so it is not to be switched off. */
export const AgentsDeclaration = z.strictObject({
  monitor: z
    .strictObject({
      enabled: z
        .literal(true, { error: 'must be true: without Monitor nothing is watched; remove projects to watch less' })
        .default(true),
    })
    .prefault({}),
  diagnostic: Switch,
  repair: Switch,
  learning: Switch,
  predictive: Switch,
  security: Switch,
  performance: Switch,
});
export type AgentsDeclaration = z.infer<typeof AgentsDeclaration>;
