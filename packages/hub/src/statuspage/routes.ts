import { createHash } from 'node:crypto';
import { Slug, type StatusPageDeclaration, StatusPageView } from '@orrery/protocol';
import { z } from 'zod';
import { type Caller, sees } from '../access/index.ts';
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

type Text = { body: string; etag: string };
const textOf = (body: string): Text => ({
  body,
  etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
});

/** Ninety days of many services are much to write: once for each view, not for each who looks. */
function writtenOnce(write: (view: StatusPageView) => string): (view: StatusPageView) => Text {
  const written = new WeakMap<StatusPageView, Text>();
  return (view) => {
    const text = written.get(view) ?? textOf(write(view));
    written.set(view, text);
    return text;
  };
}

/** Proxies that compress make a tag a weak one, and who asks may name several. */
const has = (request: Request, etag: string): boolean =>
  (request.headers.get('if-none-match') ?? '').split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);

function cached(request: Request, { body, etag }: Text, headers: Record<string, string>): Response {
  const all = { ...headers, etag, 'cache-control': CACHE };
  return has(request, etag) ? new Response(null, { status: 304, headers: all }) : new Response(body, { headers: all });
}

export function statusPageRoutes(pages: StatusPages): Route<Caller>[] {
  const htmlOf = writtenOnce(toHtml);
  const jsonOf = writtenOnce((view) => JSON.stringify(view));
  const style = textOf(STYLE);
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
        return cached(request, htmlOf(view), {
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
        return cached(request, jsonOf(view), {
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
      handle: async ({ request }) => cached(request, style, { 'content-type': 'text/css; charset=utf-8' }),
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
      handle: async ({ caller }) => ({
        items: pages
          .list()
          .filter((page) => concerns(caller, page))
          .map(({ slug, title, groups }) => ({
            slug,
            title,
            services: groups.reduce((sum, group) => sum + group.services.length, 0),
            path: `/status/${slug}`,
          })),
      }),
    }),
  ];
}

/** A page that shows anything of a project which does not exist for the caller is not theirs to know of. */
const concerns = (caller: Caller, { groups }: StatusPageDeclaration): boolean =>
  groups.every(({ services }) => services.every(({ service }) => sees(caller, service.split('/')[0] ?? '')));
