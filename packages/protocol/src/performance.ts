import { z } from 'zod';
import { duration, Severity, Slug, Time } from './common.ts';
import { dbUrl, TlsOptions } from './probes.ts';

/**
 * How long things took, in ms, as a DDSketch of 1 % relative accuracy with logarithmic mapping (Masson et al., VLDB 2019): bin `key` counts the
 * values in (γ^(key-1), γ^key] with γ = 1.01/0.99; `zero` counts those that took no time. Sketches of several instances add up.
 */
export const LatencySketch = z.object({
  zero: z.int().nonnegative(),
  bins: z.array(z.tuple([z.int().min(-2000).max(2000), z.int().positive().max(1e9)])).max(1200),
});
export type LatencySketch = z.infer<typeof LatencySketch>;

const figures = {
  count: z.int().positive().max(1e9),
  /** Answers of 5xx, or statements that failed. */
  failed: z.int().nonnegative(),
  totalMs: z.number().nonnegative(),
  sketch: LatencySketch,
  /** Those of `sketch` that failed. */
  failures: LatencySketch.optional(),
};
/** `GET /orders/:id`: a template, never a concrete path. */
const RouteName = z.string().min(1).max(220);
const StatementText = z.string().min(1).max(600);

/** What one instance measured in one window: its routes, its statements, statements that requests repeated, and its pools. */
export const PerformanceWindow = z.object({
  projectSlug: Slug,
  /** Which process measured it. */
  instance: z.string().max(64).optional(),
  /** Its end. */
  ts: Time,
  windowMs: z.int().min(1000).max(3_600_000),
  routes: z
    .array(z.object({ route: RouteName, ...figures }))
    .max(200)
    .default([]),
  /** Requests by whose they are: a tenant, a tier. */
  platforms: z
    .array(z.object({ platform: z.string().min(1).max(64), ...figures }))
    .max(100)
    .default([]),
  statements: z
    .array(z.object({ statement: StatementText, ...figures, rows: z.number().nonnegative().default(0) }))
    .max(200)
    .default([]),
  /** The same statement five times or more within one request. */
  repeats: z
    .array(
      z.object({
        route: RouteName,
        statement: StatementText,
        requests: z.int().positive(),
        typical: z.int().positive(),
        most: z.int().positive(),
        wastedMs: z.number().nonnegative(),
      }),
    )
    .max(200)
    .default([]),
  pools: z
    .array(
      z.object({
        pool: z.string().min(1).max(64),
        max: z.int().nonnegative(),
        size: z.int().nonnegative(),
        idle: z.int().nonnegative(),
        /** The most that waited at once within the window. */
        waiting: z.int().nonnegative(),
        asked: z.int().nonnegative(),
        waitP95Ms: z.number().nonnegative(),
      }),
    )
    .max(50)
    .default([]),
});
export type PerformanceWindow = z.infer<typeof PerformanceWindow>;

/** What a project declares of its performance: when its users are satisfied, and the database whose statements and indexes are looked at. */
export const PerformanceDeclaration = z.strictObject({
  apdex: z
    .strictObject({
      /** T: up to it a request satisfies, up to four times it is tolerated. */
      threshold: duration('1ms', '1h').default('500ms'),
      routes: z.record(RouteName, duration('1ms', '1h')).default({}),
    })
    .prefault({}),
  /** Read-only: what it advises is never carried out by the hub. */
  postgres: z
    .strictObject({
      url: dbUrl(/^postgres(ql)?:\/\/[^/]+/, 'must be a postgres:// URL with a host'),
      tls: TlsOptions.optional(),
      every: duration('10s', '7d').default('1h'),
      /** For one statement. */
      timeout: duration('100ms', '1m').default('5s'),
    })
    .optional(),
});
export type PerformanceDeclaration = z.infer<typeof PerformanceDeclaration>;

export const Apdex = z.object({
  /** 0 nobody, 1 everybody is satisfied. */
  score: z.number().min(0).max(1),
  thresholdMs: z.number(),
  requests: z.int(),
  satisfied: z.int(),
  tolerating: z.int(),
  frustrated: z.int(),
});
export type Apdex = z.infer<typeof Apdex>;

const Spent = z.object({
  name: z.string(),
  count: z.int(),
  failed: z.int(),
  p50Ms: z.number(),
  p95Ms: z.number(),
  p99Ms: z.number(),
  totalMs: z.number(),
  /** Of the time of all routes, or of all statements. */
  sharePercent: z.number(),
  /** Its own usual p95: null while too little is known of it. */
  usualP95Ms: z.number().nullable(),
  /** What its p95 may reach before it counts as slow. */
  limitMs: z.number().nullable(),
  slow: z.boolean(),
});

export const PROBLEM_KINDS = ['slow-route', 'slow-statement', 'repeats', 'pool', 'connections', 'index'] as const;
export const ProblemKind = z.enum(PROBLEM_KINDS);
export type ProblemKind = z.infer<typeof ProblemKind>;

export const INDEX_ADVICE = ['create', 'drop-unused', 'drop-duplicate'] as const;
/** An improvement of a database's indexes, as text to look at: the hub never runs it. */
export const IndexAdvice = z.object({
  id: z.string(),
  kind: z.enum(INDEX_ADVICE),
  table: z.string(),
  columns: z.array(z.string()),
  sql: z.string(),
  reason: z.string(),
  /** The statement that would gain, in its normalised form. */
  statement: z.string().optional(),
  /** In the planner's own units. `how` says who has reckoned `after`. */
  cost: z
    .object({ before: z.number(), after: z.number(), gainPercent: z.number(), how: z.enum(['hypopg', 'model']) })
    .optional(),
  /** What this statement takes of the time of all statements of the database. */
  timeSharePercent: z.number().optional(),
  bytes: z.number().optional(),
  firstAt: Time,
  lastAt: Time,
});
export type IndexAdvice = z.infer<typeof IndexAdvice>;

/** The performance of one project: its last hour beside what is usual, and what could be better. */
export const ProjectPerformance = z.object({
  project: z.string(),
  from: Time,
  to: Time,
  /** When something was last reported; null: never. */
  lastAt: Time.nullable(),
  apdex: Apdex.nullable(),
  routes: z.array(Spent.extend({ apdex: Apdex })),
  platforms: z.array(z.object({ platform: z.string(), apdex: Apdex })),
  statements: z.array(Spent.extend({ rows: z.number() })),
  repeats: z.array(
    z.object({
      route: z.string(),
      statement: z.string(),
      requests: z.int(),
      /** Of the route's requests. */
      sharePercent: z.number(),
      typical: z.int(),
      most: z.int(),
      wastedMs: z.number(),
    }),
  ),
  pools: z.array(
    z.object({
      pool: z.string(),
      instance: z.string(),
      max: z.int(),
      size: z.int(),
      idle: z.int(),
      waiting: z.int(),
      waitP95Ms: z.number(),
      at: Time,
    }),
  ),
  problems: z.array(
    z.object({
      kind: ProblemKind,
      subject: z.string(),
      severity: Severity,
      title: z.string(),
      description: z.string(),
      recommendation: z.string(),
      since: Time,
    }),
  ),
  indexes: z.array(IndexAdvice),
  /** The look at its database; null where none is declared. */
  advisor: z
    .object({
      target: z.string(),
      lastAt: Time.nullable(),
      /** What went wrong at the last look. */
      error: z.string().nullable(),
      /** What it could rest on, and what is missing. */
      notes: z.array(z.string()),
    })
    .nullable(),
});
export type ProjectPerformance = z.infer<typeof ProjectPerformance>;
