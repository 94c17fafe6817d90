import { z } from 'zod';
import { page, Time } from './common.ts';
import { LogLevel } from './instance.ts';

/** Log lines that differ only in their values: `connection to <*> refused after <*> ms`. */
export const LogTemplate = z.object({
  id: z.string(),
  project: z.string(),
  service: z.string(),
  template: z.string(),
  /** The worst level that a line of it had. */
  level: LogLevel,
  /** A line of it, as it came last. */
  example: z.string(),
  firstAt: Time,
  lastAt: Time,
  /** Lines since it is known. */
  total: z.int(),
  /** Lines in the last 24 hours. */
  lastDay: z.int(),
  /** Lines in each of the last 24 hours, oldest first. */
  hours: z.array(z.int()),
  /** First seen within the last hour, in a log that was known for longer. */
  isNew: z.boolean(),
  /** Far more often in the last 10 minutes than before. */
  isFrequent: z.boolean(),
});
export type LogTemplate = z.infer<typeof LogTemplate>;
export const LogTemplates = page(LogTemplate);
