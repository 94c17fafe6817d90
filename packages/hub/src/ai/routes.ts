import { AiApi, AiProviderView, Lead, OrchestrateAnswer, OrchestrateInput, page, Slug } from '@orrery/protocol';
import { z } from 'zod';
import { authorizeWhole, type Caller } from '../access/index.ts';
import { HubError } from '../platform/errors.ts';
import { defineRoute, type Route } from '../platform/http/route.ts';
import type { Ai } from './ai.ts';
import { end, rawCall, refuse } from './calls/raw.ts';
import type { Leads } from './leads/leads.ts';
import { authorizeAi } from './may.ts';
import { type OrchestrateDeps, orchestrate } from './orchestrate/orchestrate.ts';

const tag = 'AI';
const CALLS = [
  ['/v1/chat/completions', 'chat', 'A chat completion, in OpenAI’s wire format'],
  ['/v1/responses', 'responses', 'A response, in OpenAI’s wire format'],
  ['/v1/embeddings', 'embeddings', 'Embeddings, in OpenAI’s wire format'],
  ['/v1/messages', 'messages', 'A message, in Anthropic’s wire format'],
] as const satisfies readonly (readonly [string, AiApi, string])[];
/** Anything: what a provider understands is between it and the caller. */
const AnyBody = z.looseObject({ model: z.string().optional(), stream: z.boolean().optional() });

/** Answered on the connection; this is never reached over HTTP. */
const onTheConnection = async (): Promise<never> => {
  throw new HubError('internal', 'This route answers on the connection itself.');
};

export function aiRoutes(ai: Ai, deps: Omit<OrchestrateDeps, 'ai'> & { leads: Leads }): Route<Caller>[] {
  return [
    ...CALLS.map(([path, api, summary]) =>
      defineRoute<Caller, undefined, undefined, typeof AnyBody>({
        ...{ method: 'post', path, tag, summary, auth: 'ai:run', body: AnyBody, produces: 'application/json' },
        unaudited: 'every call has a row of its own in the ledger',
        handle: onTheConnection,
        raw: rawCall(api, (input) => ai.call({ ...input, api })),
      }),
    ),
    defineRoute<Caller>({
      method: 'get',
      path: '/v1/models',
      auth: 'ai:run',
      tag,
      summary: 'The models that may be asked for, in OpenAI’s wire format (and Anthropic’s, for its client)',
      produces: 'application/json',
      handle: onTheConnection,
      raw: {
        async handle({ caller, outgoing, incoming }) {
          authorizeAi(caller);
          const models = ai.models();
          const anthropic = incoming.headers['anthropic-version'] !== undefined;
          const body = anthropic
            ? {
                data: models.map(({ id }) => ({
                  ...{ type: 'model', id, display_name: id, created_at: '1970-01-01T00:00:00Z' },
                })),
                has_more: false,
                first_id: models[0]?.id ?? null,
                last_id: models.at(-1)?.id ?? null,
              }
            : { object: 'list', data: models.map((model) => ({ ...model, object: 'model', created: 0 })) };
          end(outgoing, 200, 'application/json', Buffer.from(JSON.stringify(body)));
        },
        refuse: (error, outgoing, requestId) => refuse('models', error, outgoing, requestId),
      },
    }),
    defineRoute({
      method: 'post',
      path: '/orchestrate',
      auth: 'ai:run',
      tag,
      unaudited: 'every call has a row of its own in the ledger',
      summary: 'Extracts, summarizes, or says which task fits; on whatever model is there',
      query: z.strictObject({}),
      body: OrchestrateInput,
      response: OrchestrateAnswer,
      handle: ({ caller, body, request }) => {
        refuseSteering(request);
        return orchestrate({ ...deps, ai }, caller, body, request.signal);
      },
    }),
    defineRoute({
      method: 'get',
      path: '/ops/ai/providers',
      auth: 'ops:view of all',
      tag,
      summary: 'Providers of models, with their health, breakers and load',
      response: z.object({ items: z.array(AiProviderView) }),
      handle: async ({ caller }) => {
        authorizeWhole(caller, 'ops:view');
        return { items: ai.providers() };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/ops/ai/decide',
      auth: 'ai:run',
      tag,
      unaudited: 'it changes nothing: it says who would be asked',
      summary: 'What routing would do with a request now, and why; nobody is asked',
      body: z.strictObject({
        api: AiApi.default('chat'),
        request: z.looseObject({}),
        localOnly: z.boolean().optional(),
      }),
      response: z.looseObject({}),
      handle: async ({ caller, body }) => ({ ...ai.explain(caller, body.api, body.request, body.localOnly) }),
    }),
    defineRoute({
      method: 'get',
      path: '/ops/leads',
      auth: 'leads:view',
      tag,
      summary: 'The lead flow, newest first',
      query: z.strictObject({
        limit: z.coerce.number().int().min(1).max(200).default(50),
        project: Slug.optional(),
        cursor: z.string().max(64).optional(),
      }),
      response: page(Lead),
      handle: ({ caller, query }) => deps.leads.list(caller, query),
    }),
  ];
}

/** Headers that would say where a call goes: refused, so that nobody believes that they do something. */
const STEERING = [
  'api-base',
  'api_base',
  'base-url',
  'base_url',
  'baseurl',
  'endpoint',
  'proxy',
  'x-api-base',
  'x-base-url',
];
function refuseSteering(request: Request): void {
  const found = STEERING.find((name) => request.headers.has(name));
  if (found === undefined) return;
  const reason = 'is not accepted: where a call goes is the hub’s to say';
  throw new HubError('invalid', `header.${found}: ${reason}`, { fields: [{ field: `header.${found}`, reason }] });
}
