import { createHash } from 'node:crypto';
import {
  Assigned,
  Assignment,
  BlastRadius,
  EcosystemGraph,
  FedProject,
  ProjectAdded,
  ProjectDetail,
  ProjectInput,
  Slug,
  Time,
} from '@orrery/protocol';
import { z } from 'zod';
import type { Caller } from '../access/index.ts';
import { defineRoute, type Route } from '../platform/http/route.ts';
import type { Catalog } from './catalog.ts';
import type { Layout } from './layout/layout.ts';

const tag = 'Federation';
const params = z.strictObject({ slug: Slug });
const flag = z
  .enum(['true', 'false', '1', '0'])
  .default('false')
  .transform((text) => text === 'true' || text === '1');

type Written = { body: string; etag: string };

/** Writes graphs out, each with its places; one that is the same object as before is as it was written then. */
function createWriter({ placed }: Pick<Layout, 'placed'>): (graph: EcosystemGraph) => Promise<Written> {
  const written = new WeakMap<EcosystemGraph, Written>();
  return async (graph) => {
    const known = written.get(graph);
    if (known) return known;
    const whole = await placed(graph);
    const body = JSON.stringify(whole);
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    // Without places it is what there was to tell at that moment.
    if (whole !== graph) written.set(graph, { body, etag });
    return { body, etag };
  };
}

export function catalogRoutes(catalog: Catalog, layout: Layout): Route<Caller>[] {
  const write = createWriter(layout);
  /** What was stands where it stands now. */
  const showPast = async (caller: Caller, at: number): Promise<EcosystemGraph> => {
    const [past, { nodes }] = await Promise.all([
      catalog.graphAt(caller, at),
      catalog.graph(caller).then(layout.placed),
    ]);
    const places = new Map(nodes.map(({ id, position }) => [id, position]));
    return {
      ...past,
      nodes: past.nodes.map((node) => {
        const position = places.get(node.id);
        return position ? { ...node, position } : node;
      }),
    };
  };
  return [
    defineRoute({
      method: 'get',
      path: '/api/fed/projects',
      auth: 'ops:view',
      tag,
      summary: 'All projects with their headline numbers',
      response: z.array(FedProject),
      handle: ({ caller }) => catalog.list(caller),
    }),
    defineRoute({
      method: 'post',
      path: '/api/fed/projects',
      auth: 'configure of all',
      tag,
      summary: 'Add a project, by its URL alone if need be',
      query: z.strictObject({ dryRun: flag }),
      body: ProjectInput,
      response: ProjectAdded,
      status: 201,
      perMinute: 60,
      handle: ({ caller, body, query }) => catalog.add(caller, body, query),
    }),
    defineRoute({
      method: 'get',
      path: '/api/fed/projects/{slug}',
      auth: 'ops:view',
      tag,
      summary: 'One project: declaration, endpoints, capabilities',
      params,
      response: ProjectDetail,
      handle: ({ caller, params: { slug } }) => catalog.get(caller, slug),
    }),
    defineRoute({
      method: 'delete',
      path: '/api/fed/projects/{slug}',
      auth: 'configure',
      tag,
      summary: 'Remove a project that no file declares',
      params,
      status: 204,
      handle: ({ caller, params: { slug } }) => catalog.remove(caller, slug),
    }),
    defineRoute({
      method: 'get',
      path: '/api/fed/graph/blast/{slug}',
      auth: 'ops:view',
      tag,
      summary: 'Who is hit when a project fails, and by which way',
      params,
      response: BlastRadius,
      handle: ({ caller, params: { slug } }) => catalog.blast(caller, slug),
    }),
    defineRoute({
      method: 'put',
      path: '/api/fed/projects/{slug}/tenant',
      auth: 'configure',
      tag,
      summary: 'Assign a project that no file declares to a tenant, or to none',
      params,
      body: Assignment,
      response: Assigned,
      handle: ({ caller, params: { slug }, body }) => catalog.assign(caller, slug, body.tenant),
    }),
    defineRoute({
      method: 'get',
      path: '/api/fed/graph',
      auth: 'ops:view',
      tag,
      summary: 'Projects as nodes, integrations as edges, and where they stand on the map; with `at` as they were then',
      query: z.strictObject({ at: Time.optional() }),
      response: EcosystemGraph,
      handle: async ({ caller, request, query }) => {
        if (query.at !== undefined) return showPast(caller, Date.parse(query.at));
        const { body, etag } = await write(await catalog.graph(caller));
        const headers = {
          etag,
          'content-type': 'application/json; charset=utf-8',
          'cache-control': 'private, no-cache',
        };
        return request.headers.get('if-none-match') === etag
          ? new Response(null, { status: 304, headers })
          : new Response(body, { headers });
      },
    }),
  ];
}
