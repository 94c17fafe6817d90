import { z } from 'zod';

/** RFC 9457 problem details, plus `error`, a short word that a program can branch on, and the rejected fields. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  error: z.string(),
  fields: z.array(z.object({ field: z.string(), reason: z.string() })).optional(),
  requestId: z.string().optional(),
});
export type Problem = z.infer<typeof Problem>;
