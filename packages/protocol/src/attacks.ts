import { z } from 'zod';
import { page, Severity, Slug, Time } from './common.ts';

/** What kind of attack: the first eight are seen in a request, the last two in how often one is refused. */
export const ATTACK_FAMILIES = [
  'sql-injection',
  'xss',
  'path-traversal',
  'command-injection',
  'lookup',
  'template',
  'header-split',
  'nul-byte',
  'brute-force',
  'rate-limit',
] as const;
export const AttackFamily = z.enum(ATTACK_FAMILIES);
export type AttackFamily = z.infer<typeof AttackFamily>;

/** Where in a request: `path`, `query q`, `header user-agent`, `cookie`, `body name`; `*` for a name that may be anything. */
const Place = z
  .string()
  .regex(
    /^(?:path|cookie|body|status|(?:query|body|header) (?:[A-Za-z][A-Za-z_-]{0,31}|\*))$/,
    'must name a part of a request',
  );
/** Who: a keyed hash of an address or a user, another one each day. Never the address. */
const Actor = z.string().regex(/^(?:[0-9a-f]{16}|unknown|several|others)$/, 'must be an opaque token');

/** One kind of attack by one actor on one route, counted. It has no room for a payload. */
export const AttackSighting = z.object({
  family: AttackFamily,
  /** Which rule of the family: `tautology`, `union`, `event`, `guessing`, `succeeded`. */
  rule: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/),
  /** Method and template of the route: `GET /orders/:id`. */
  route: z.string().min(1).max(240),
  place: Place,
  actor: Actor,
  count: z.int().min(1).max(1_000_000_000),
  /** How the product answered: 2xx and 3xx, 4xx, 5xx. */
  passed: z.int().nonnegative(),
  refused: z.int().nonnegative(),
  failed: z.int().nonnegative(),
  firstAt: Time,
  lastAt: Time,
});
export type AttackSighting = z.infer<typeof AttackSighting>;

export const MAX_SIGHTINGS = 64;
/** The data of the event `security.attack`. */
export const AttackReport = z.object({
  sightings: z.array(AttackSighting).min(1).max(MAX_SIGHTINGS),
  /** Attacks beyond those that are told apart. */
  more: z.int().nonnegative().default(0),
});
export type AttackReport = z.infer<typeof AttackReport>;

/** How a request of this kind looked, with the payload's place in it and not the payload: `GET /search?q=‹sql-injection:union›`. */
export function attackShape({
  family,
  rule,
  route,
  place,
}: Pick<AttackSighting, 'family' | 'rule' | 'route' | 'place'>): string {
  const mark = `‹${family}:${rule}›`;
  const [part, name] = place.split(' ') as [string, string?];
  if (part === 'query') return `${route}?${name === '*' ? '' : `${name}=`}${mark}`;
  if (part === 'path') return `${route} path ${mark}`;
  if (part === 'status') return `${route} ${mark}`;
  return `${route} ${part}${name === undefined || name === '*' ? '' : ` ${name}`} ${mark}`;
}

export const AttackState = z.enum(['active', 'ended']);
export type AttackState = z.infer<typeof AttackState>;

/** A security incident: what one actor tried on one route of a project. */
export const SecurityIncident = z.object({
  id: z.string(),
  project: z.string(),
  family: AttackFamily,
  rule: z.string(),
  route: z.string(),
  shape: z.string(),
  actor: z.string(),
  severity: Severity,
  /** Active while it was seen within the last fifteen minutes. */
  state: AttackState,
  total: z.int(),
  passed: z.int(),
  refused: z.int(),
  failed: z.int(),
  firstAt: Time,
  lastAt: Time,
  /** Attacks in each of the last 24 hours, oldest first. */
  hours: z.array(z.int()),
  fingerprint: z.string(),
});
export type SecurityIncident = z.infer<typeof SecurityIncident>;
export const SecurityIncidentPage = page(SecurityIncident);

/** How a project stands: what it reported of itself, and what it is attacked with. */
export const SecurityPosture = z.object({
  project: Slug,
  vulnsCritical: z.number().nullable(),
  vulnsHigh: z.number().nullable(),
  lastScanAt: Time.nullable(),
  auditsOk: z.number().nullable(),
  auditsWarn: z.number().nullable(),
  auditsFail: z.number().nullable(),
  lastAuditAt: Time.nullable(),
  /** Whether its SDK looks at requests: it has said how many attacks it saw, be it none. */
  inspected: z.boolean(),
  /** Attacks of the last 24 hours, by family. */
  attacks: z.partialRecord(AttackFamily, z.int()),
  activeIncidents: z.int(),
  lastAttackAt: Time.nullable(),
});
export type SecurityPosture = z.infer<typeof SecurityPosture>;
