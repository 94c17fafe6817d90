import { DEFAULT_TIERS, type Permission, type TierMap } from '@orrery/protocol';
import { z } from 'zod';
import { type Clock, systemClock } from '../platform/clock.ts';
import type { Database } from '../platform/db.ts';
import { defineRoute, type Route } from '../platform/http/route.ts';
import { createApp } from '../platform/http/server.ts';
import { openEventStream } from '../platform/http/sse.ts';
import { createSecrets } from '../platform/secrets.ts';
import { silentLog } from '../platform/testing.ts';
import { type AccessConfig, type AccessDeps, createAccess } from './access.ts';
import { allow } from './authorize.ts';
import type { Caller } from './caller.ts';
import { checkOrigin } from './origin.ts';
import { accessRoutes } from './routes.ts';

export const ORIGIN = 'http://127.0.0.1:5400';
export const META_KEY = 'mk-5f1a0c9be27d4836a1f04c77';
export const CRON_SECRET = 'cs-90b7e1d24ac6f3585b1e7d02';
export const PROJECT_KEY = 'oik_veria-0123456789abcdef';
export const ADMIN = { email: 'ada@example.com', password: 'a long pass phrase', name: 'Ada' };

export type Call = {
  method?: string;
  body?: unknown;
  /** A body that is sent as it stands. */
  raw?: string;
  cookie?: string | undefined;
  headers?: Record<string, string>;
  ip?: string;
};

/** One hub's access room behind the real application, on a real database, with a route for each kind of permission and a stream. */
export function openRig(
  database: Database,
  options: {
    clock?: Clock;
    staleMs?: number;
    config?: Partial<AccessConfig>;
    oidc?: AccessDeps['oidc'];
    assigned?: Record<string, string[]>;
    policy?: { rbac: boolean; tiers: TierMap };
    mailer?: AccessDeps['mailer'];
  } = {},
) {
  const clock = options.clock ?? systemClock;
  const config = { publicUrl: ORIGIN, metaKey: META_KEY, cronSecret: CRON_SECRET, ...options.config };
  const access = createAccess({
    db: database.db,
    clock,
    log: silentLog,
    secrets: createSecrets('0123456789abcdef0123456789abcdef'),
    config,
    projectsOfTenant: async (tenant) => options.assigned?.[tenant] ?? [],
    policy: () => options.policy ?? { rbac: true, tiers: DEFAULT_TIERS },
    projectByIngestKey: async (key) => (key === PROJECT_KEY ? 'veria' : undefined),
    ...(options.oidc === undefined ? {} : { oidc: options.oidc }),
    ...(options.mailer === undefined ? {} : { mailer: options.mailer }),
    ...(options.staleMs === undefined ? {} : { staleMs: options.staleMs }),
  });
  const probe = (path: string, auth: Route['auth'], method: Route['method'] = 'get'): Route<Caller> =>
    defineRoute({
      method,
      path,
      auth,
      summary: 'Probe',
      tag: 'Test',
      response: z.object({}),
      handle: async ({ caller }) => ({ kind: caller.kind, id: caller.id, ip: caller.ip ?? null }),
    });
  const permissions: Permission[] = ['leads:view', 'ai:run', 'ops:view', 'actions:run', 'alerts:manage', 'configure'];
  const routes: Route<Caller>[] = [
    ...accessRoutes(access),
    ...permissions.map((permission) => probe(`/api/may/${permission.replace(':', '-')}`, permission)),
    probe('/api/change', 'alerts:manage', 'post'),
    probe('/api/public', 'public'),
    probe('/api/any', 'any'),
    probe('/api/cron/now', 'cron'),
    probe('/api/push', 'ingest', 'post'),
    defineRoute({
      method: 'get',
      path: '/api/stream',
      auth: 'any',
      summary: 'Stream',
      tag: 'Test',
      produces: 'text/event-stream',
      handle: async ({ caller, request }) => {
        const stream = openEventStream(request, { onClose: () => stop() });
        const stop = access.watch(caller, request, stream.close);
        stream.send({ data: 'open' });
        return stream.response;
      },
    }),
  ];
  const app = createApp<Caller>({
    routes,
    resolve: access.resolve,
    allow,
    checkOrigin: (request, caller) => checkOrigin(request, config.publicUrl, caller),
    refused: access.refused,
    onRecord: access.onRecord,
    observe: () => undefined,
    pagesDir: '/nonexistent',
    https: config.publicUrl.startsWith('https:'),
    log: silentLog,
    clock,
  });
  const base = config.publicUrl;

  /** Sends one request through the whole application. */
  async function call(path: string, { method, body, raw, cookie, headers = {}, ip = '192.0.2.7' }: Call = {}) {
    const text = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const request = new Request(new URL(path, base), {
      method: method ?? (text === undefined ? 'GET' : 'POST'),
      headers: {
        ...(text === undefined ? {} : { 'content-type': 'application/json' }),
        ...(cookie === undefined ? {} : { cookie }),
        ...headers,
      },
      ...(text === undefined ? {} : { body: text }),
    });
    return app.fetch(request, { incoming: { socket: { remoteAddress: ip } } } as never);
  }
  /** Signs in and gives the cookie as a browser would send it. */
  async function signIn(email = ADMIN.email, password = ADMIN.password, more: Call = {}): Promise<string> {
    const response = await call('/api/auth/sign-in/email', { ...more, body: { email, password } });
    if (response.status !== 200) throw new Error(`sign-in answered ${response.status}: ${await response.text()}`);
    return cookieOf(response);
  }
  return { access, app, call, signIn, routes };
}
export type Rig = ReturnType<typeof openRig>;

/** The cookies that an answer sets, as the browser sends them back. */
export const cookieOf = (response: Response): string =>
  response.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .filter((pair) => !pair?.endsWith('='))
    .join('; ');
