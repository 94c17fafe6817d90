import { Problem, SystemFailure } from '@orrery/protocol';
import { z } from 'zod';
import { isEnveloped } from './envelope.ts';
import type { Route } from './route.ts';

type Json = Record<string, unknown>;

/** Zod's own JSON Schema (draft 2020-12, the dialect of OpenAPI 3.1), without the `$schema` line. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json;
  return rest;
}

function parameters(route: Route): Json[] {
  const list: Json[] = [];
  for (const [place, schema] of [
    ['path', route.params],
    ['query', route.query],
  ] as const) {
    if (!schema) continue;
    const json = schemaOf(schema, 'input') as { properties?: Record<string, Json>; required?: string[] };
    for (const [name, property] of Object.entries(json.properties ?? {}))
      list.push({
        name,
        in: place,
        required: place === 'path' || (json.required ?? []).includes(name),
        schema: property,
      });
  }
  return list;
}

const SECURITY: Record<string, Json[]> = { public: [], cron: [{ cron: [] }], ingest: [{ apiKey: [] }] };

/** The API description of all routes: OpenAPI 3.1, generated, never written by hand. */
export function describeApi(routes: readonly Route[], info: { version: string; url: string }): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const status = String(route.status ?? 200);
    const answer = route.response
      ? { content: { 'application/json': { schema: schemaOf(route.response, 'output') } } }
      : route.produces
        ? { content: { [route.produces]: { schema: { type: 'string' } } } }
        : {};
    const body = route.body;
    paths[route.path] = {
      ...paths[route.path],
      [route.method]: {
        summary: route.summary,
        tags: [route.tag],
        operationId: `${route.method}_${route.path.replace(/[^a-zA-Z0-9]+/g, '_').replace(/^_|_$/g, '')}`,
        'x-permission': route.auth,
        ...(route.unaudited === undefined ? {} : { 'x-unaudited': route.unaudited }),
        security: SECURITY[route.auth] ?? [{ apiKey: [] }, { session: [] }],
        parameters: parameters(route),
        ...(body
          ? {
              requestBody: {
                required: true,
                content: Object.fromEntries(
                  (route.bodyTypes ?? ['application/json']).map((type) => [type, { schema: schemaOf(body, 'input') }]),
                ),
              },
            }
          : {}),
        responses: {
          [status]: { description: status === '204' ? 'Done; no body.' : 'Done.', ...(status === '204' ? {} : answer) },
          default: {
            description: 'What went wrong, and in which field.',
            content: isEnveloped(route.path)
              ? { 'application/json': { schema: { $ref: '#/components/schemas/SystemFailure' } } }
              : { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
          },
        },
      },
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Orrery',
      version: info.version,
      description: 'The hub: a REST API for everything the console and the command line do.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: info.url }],
    paths,
    components: {
      schemas: { Problem: schemaOf(Problem, 'output'), SystemFailure: schemaOf(SystemFailure, 'output') },
      securitySchemes: {
        apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
        session: { type: 'apiKey', in: 'cookie', name: 'orrery.session_token' },
        cron: { type: 'http', scheme: 'bearer' },
      },
    },
  };
}
