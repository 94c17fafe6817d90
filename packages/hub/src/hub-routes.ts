import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Job, MonitorRun, PublicHealth, RefreshResult, Slug } from '@orrery/protocol';
import { z } from 'zod';
import { authorize, authorizeWhole, type Caller } from './access/index.ts';
import type { Catalog } from './catalog/index.ts';
import type { Intake } from './intake/index.ts';
import type { Clock } from './platform/clock.ts';
import { HubError } from './platform/errors.ts';
import { describeApi } from './platform/http/openapi.ts';
import { defineRoute, type Route } from './platform/http/route.ts';
import type { Jobs } from './platform/jobs.ts';
import type { Telemetry } from './platform/telemetry.ts';

const REFRESHED_AT_ONCE = 16;

type Deps = {
  /** Every other route of the hub, for the API description. */
  routes: readonly Route<Caller>[];
  jobs: Jobs;
  /** How the hub itself is. */
  health(): PublicHealth['status'];
  catalog: Catalog;
  intake: Intake;
  telemetry: Telemetry;
  clock: Clock;
  publicUrl: string;
  version: string;
};

const DOCS_PAGE = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Orrery API</title><meta name="viewport" content="width=device-width,initial-scale=1"></head><body><script id="api-reference" data-url="/openapi.json" data-configuration='{"withDefaultFonts":false,"hideClientButton":true,"telemetry":false,"showDeveloperTools":"never","agent":{"disabled":true},"mcp":{"disabled":true}}'></script><script src="/docs/reference.js"></script></body></html>`;
/** The reference viewer writes style elements of its own; this one page allows them, and still loads nothing from elsewhere. */
const DOCS_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Routes of the hub as a whole. */
export function hubRoutes(deps: Deps): Route<Caller>[] {
  const started = deps.clock.monotonic();
  let description: string | undefined;
  let viewer: Uint8Array<ArrayBuffer> | undefined;
  const own: Route<Caller>[] = [
    defineRoute({
      method: 'get',
      path: '/health',
      auth: 'public',
      tag: 'Hub',
      summary: 'How the hub is, and nothing else; 503 when it is unhealthy',
      response: PublicHealth,
      handle: async () => {
        const status = deps.health();
        const uptime = Math.round(deps.clock.monotonic() - started);
        return Response.json(
          { status, version: deps.version, uptime },
          { status: status === 'unhealthy' ? 503 : 200, headers: { 'cache-control': 'no-store' } },
        );
      },
    }),
    defineRoute({
      method: 'get',
      path: '/metrics',
      auth: 'ops:view of all',
      tag: 'Hub',
      summary: 'The hub itself, for Prometheus',
      produces: 'text/plain',
      handle: async ({ caller }) => {
        authorizeWhole(caller, 'ops:view');
        return new Response(await deps.telemetry.text(), {
          headers: { 'content-type': deps.telemetry.contentType, 'cache-control': 'no-store' },
        });
      },
    }),
    defineRoute({
      method: 'get',
      path: '/openapi.json',
      auth: 'public',
      tag: 'Hub',
      summary: 'This description',
      produces: 'application/json',
      handle: async () => {
        description ??= JSON.stringify(
          describeApi([...deps.routes, ...own] as Route[], { version: deps.version, url: deps.publicUrl }),
        );
        return new Response(description, { headers: { 'content-type': 'application/json' } });
      },
    }),
    defineRoute({
      method: 'get',
      path: '/docs',
      auth: 'public',
      tag: 'Hub',
      summary: 'This description, to read and try',
      produces: 'text/html',
      handle: async () =>
        new Response(DOCS_PAGE, {
          headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': DOCS_POLICY },
        }),
    }),
    defineRoute({
      method: 'get',
      path: '/docs/reference.js',
      auth: 'public',
      tag: 'Hub',
      summary: 'The viewer of /docs',
      produces: 'text/javascript',
      handle: async () => {
        viewer ??= new Uint8Array(
          gzipSync(
            readFileSync(
              join(
                dirname(createRequire(import.meta.url).resolve('@scalar/api-reference')),
                'browser',
                'standalone.js',
              ),
            ),
          ),
        );
        return new Response(viewer, {
          headers: {
            'content-type': 'text/javascript; charset=utf-8',
            'content-encoding': 'gzip',
            'cache-control': 'public, max-age=86400',
          },
        });
      },
    }),
    defineRoute({
      method: 'get',
      path: '/ops/jobs',
      auth: 'ops:view',
      tag: 'Operations',
      summary: 'What runs on a schedule, and how it went',
      response: z.object({ items: z.array(Job) }),
      handle: async ({ caller }) => {
        authorize(caller, 'ops:view');
        return { items: await deps.jobs.list() };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/ops/jobs/{name}/restart',
      auth: 'actions:run of all',
      tag: 'Operations',
      summary: 'End the back-off of a job and run it now',
      params: z.strictObject({ name: z.string().max(64) }),
      response: Job,
      handle: async ({ caller, params: { name } }) => {
        authorizeWhole(caller, 'actions:run');
        if (!deps.jobs.leading()) throw new HubError('conflict', 'Another hub runs the jobs now; ask that one.');
        const restarted = await deps.jobs.restart(name);
        if (!restarted) throw new HubError('not_found', `No job "${name}".`);
        return restarted;
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/fed/refresh',
      auth: 'actions:run',
      tag: 'Federation',
      summary: 'Probe projects and verify their endpoints now',
      body: z.strictObject({ projects: z.array(Slug).min(1).max(200).optional() }),
      response: RefreshResult,
      echoes: true,
      perMinute: 30,
      handle: async ({ caller, body }) => {
        authorize(caller, 'actions:run');
        const known = new Set((await deps.catalog.list(caller)).map((project) => project.slug));
        const wanted = [...new Set(body.projects ?? known)];
        const results = new Array<RefreshResult['results'][number]>(wanted.length);
        const queue = wanted.entries();
        const worker = async () => {
          // Workers share the one iterator: each takes the next project.
          for (const [i, project] of queue)
            results[i] = known.has(project)
              ? await refresh(deps, caller, project)
              : { project, status: 'unknown', reason: `No project "${project}".` };
        };
        await Promise.all(Array.from({ length: REFRESHED_AT_ONCE }, worker));
        return { results };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/api/cron/ecosystem-monitor',
      auth: 'cron',
      tag: 'Scheduled',
      summary: 'Probe every instance now, for serverless schedulers',
      response: MonitorRun,
      handle: ({ caller }) => deps.intake.runOnce(caller),
    }),
  ];
  return own;
}

async function refresh(
  { catalog, intake }: Deps,
  caller: Caller,
  project: string,
): Promise<RefreshResult['results'][number]> {
  await catalog.verify(project);
  const results = await intake.runOnce(caller, project).then(
    (run) => run.results,
    (error: unknown) => {
      // One that declares no probe: verifying its endpoints was all there is to do.
      if (error instanceof HubError && error.code === 'not_found') return [];
      throw error;
    },
  );
  const failed = results.find(({ status }) => status === 'error');
  return failed
    ? { project, status: 'failed', reason: failed.health ?? 'no answer' }
    : { project, status: 'refreshed' };
}
