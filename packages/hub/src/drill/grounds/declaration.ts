import { CauseKind, duration, HttpUrl, parseDuration, ServiceName, Slug } from '@orrery/protocol';
import { z } from 'zod';

const command = z.array(z.string().min(1).max(4096)).min(1).max(64);
const ms = (least: string, most: string, standard: string) =>
  duration(least, most)
    .default(standard)
    .transform((given) => parseDuration(given) ?? 0);

/** A fault of one's own: a pair of commands, and what is true between them. */
const FaultDeclaration = z.strictObject({
  name: z.string().min(1).max(128),
  project: Slug,
  service: ServiceName,
  /** What may rightly be named as its cause. */
  kinds: z.array(CauseKind).min(1),
  /** Whether a policy that can repair it is declared at the hub. */
  remedy: z.boolean().default(false),
  /** Programs with their arguments, without a shell. */
  inject: command,
  clear: command,
  /** How long each command may take. */
  timeout: ms('1s', '1h', '1m'),
  /** How long the hub has for all of it. */
  within: ms('5s', '4h', '5m'),
});
export type FaultDeclaration = z.output<typeof FaultDeclaration>;

/** drill.yaml: what may be broken on a ground of one's own, and which hub watches it. */
export const DrillDeclaration = z
  .strictObject({
    /** The hub of this ground: no other is drilled against. */
    hub: HttpUrl,
    /** How often the services are checked there: the bar of repair is three of these. */
    interval: ms('200ms', '1h', '30s'),
    /** What the hub's policies promise to keep. */
    limits: z
      .strictObject({
        cooldown: ms('0ms', '1d', '5m'),
        perHour: z.int().min(1).default(3),
        projectPerHour: z.int().min(1).default(6),
        hubPerHour: z.int().min(1).default(20),
      })
      .prefault({}),
    /** A webhook channel of the hub that tells the drill what it tells people. */
    pages: z.strictObject({ port: z.int().min(1).max(65_535), secret: z.string().min(24).max(512) }).optional(),
    faults: z.array(FaultDeclaration).min(1).max(1000),
  })
  .refine(({ faults }) => new Set(faults.map(({ name }) => name)).size === faults.length, {
    path: ['faults'],
    error: 'names must differ',
  });
export type DrillDeclaration = z.output<typeof DrillDeclaration>;
