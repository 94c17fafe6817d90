import { createHash } from 'node:crypto';
import { Slug, StatusPageView } from '@orrery/protocol';
import { z } from 'zod';
import type { Caller } from '../access/index.ts';
import { HubError } from '../platform/errors.ts';
import { defineRoute, type Route } from '../platform/http/route.ts';
import { STYLE, toHtml } from './html.ts';
import type { StatusPages } from './index.ts';

const Name = z.object({ slug: z.string().max(128) });
/** Proxies and browsers may keep an answer for so long. */
const CACHE = 'public, max-age=15, stale-if-error=3600';
const POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const notFound = () => new HubError('not_found', 'There is no such page.');

/** The same answer to whoever has it already. */
function cached(request: Request, body: string, headers: Record<string, string>): Response {
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  const all = { ...headers, etag, 'cache-control': CACHE };
  return request.headers.get('if-none-match') === etag
    ? new Response(null, { status: 304, headers: all })
    : new Response(body, { headers: all });
}

export function statusPageRoutes(pages: StatusPages): Route<Caller>[] {
  return [
    defineRoute({
      method: 'get',
      path: '/status/{slug}',
      auth: 'public',
      tag: 'Status pages',
      summary: 'A public status page; there is none unless it is declared',
      params: Name,
      produces: 'text/html',
      async handle({ params, request }) {
        const view = await pages.view(params.slug);
        if (!view) throw notFound();
        return cached(request, toHtml(view), {
          'content-type': 'text/html; charset=utf-8',
          'content-security-policy': POLICY,
        });
      },
    }),
    defineRoute({
      method: 'get',
      path: '/api/status/{slug}',
      auth: 'public',
      tag: 'Status pages',
      summary: 'The same as JSON, for pages elsewhere',
      params: Name,
      response: StatusPageView,
      async handle({ params, request }) {
        const view = await pages.view(params.slug);
        if (!view) throw notFound();
        return cached(request, JSON.stringify(view), {
          'content-type': 'application/json',
          'access-control-allow-origin': '*',
          'cross-origin-resource-policy': 'cross-origin',
        });
      },
    }),
    defineRoute({
      method: 'get',
      path: '/status.css',
      auth: 'public',
      tag: 'Status pages',
      summary: 'The style of the status pages',
      produces: 'text/css',
      handle: async ({ request }) => cached(request, STYLE, { 'content-type': 'text/css; charset=utf-8' }),
    }),
    defineRoute({
      method: 'get',
      path: '/ops/status-pages',
      auth: 'ops:view',
      tag: 'Status pages',
      summary: 'The declared status pages',
      response: z.object({
        items: z.array(z.object({ slug: Slug, title: z.string(), services: z.int(), path: z.string() })),
      }),
      handle: async () => ({
        items: pages.list().map(({ slug, title, groups }) => ({
          slug,
          title,
          services: groups.reduce((sum, group) => sum + group.services.length, 0),
          path: `/status/${slug}`,
        })),
      }),
    }),
  ];
}
