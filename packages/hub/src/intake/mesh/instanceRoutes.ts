import { ActionAccepted, ActionRun, Capabilities, Health } from '@orrery/protocol';
import { z } from 'zod';
import { authorize, type Caller, sees } from '../../access/index.ts';
import { HubError } from '../../platform/errors.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import { ANNOUNCED, type Announced, type Announcement } from './announcer.ts';
import type { InstanceAnswer } from './instance.ts';

/** The half of the hub that speaks for one project. */
export type ProjectSpeaker = {
  /** Whom it speaks for; the hub may watch others too. */
  project(): { slug: string };
  asked(headers: Headers, body: string): Promise<InstanceAnswer>;
  run(auditId: string): Promise<InstanceAnswer>;
  manifest(): Promise<Capabilities>;
  health(): Promise<Health>;
  announce(what?: readonly Announced[]): Promise<Announcement>;
};

const MAX_BODY = 256 * 1024;
const tag = 'Instance';
const Announcements = z.object({
  project: z.string(),
  via: z.enum(['nats', 'http']),
  sent: z.int(),
  refused: z.array(z.object({ field: z.string(), reason: z.string() })),
  at: z.string(),
});

/** The routes of an instance, which the hub of one project answers in its place; a meta hub speaks for nobody. */
export function instanceRoutes(speaker: ProjectSpeaker | undefined): Route<Caller>[] {
  const own = (): ProjectSpeaker => {
    if (!speaker) throw new HubError('not_found', 'This hub speaks for no project: it was started with --scope=meta.');
    return speaker;
  };
  return [
    defineRoute({
      method: 'get',
      path: '/api/capabilities',
      auth: 'public',
      tag,
      summary: 'Of the hub of one project: what it and its product can be asked for',
      response: Capabilities,
      handle: () => own().manifest(),
    }),
    defineRoute({
      method: 'get',
      path: '/api/health',
      auth: 'public',
      tag,
      summary: 'Of the hub of one project: how the project is; 503 when it is unhealthy',
      response: Health,
      handle: async () => {
        const health = await own().health();
        return Response.json(health, { status: health.status === 'unhealthy' ? 503 : 200 });
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/actions',
      auth: 'public',
      tag,
      summary: 'Of the hub of one project: a signed request of the meta hub, handed to the product',
      response: ActionAccepted,
      status: 202,
      perMinute: 600,
      handle: async ({ request }) => answer(await own().asked(request.headers, await readText(request))),
    }),
    defineRoute({
      method: 'get',
      path: '/api/actions/{auditId}',
      auth: 'ingest',
      tag,
      summary: "Of the hub of one project: what came of an action, asked with the project's own key",
      params: z.strictObject({ auditId: z.string().regex(/^[A-Za-z0-9_-]{1,128}$/, 'is no audit id') }),
      response: ActionRun,
      handle: async ({ caller, params }) => {
        const speaker = own();
        // The key of another project that this hub watches opens nothing of this one.
        if (!sees(caller, speaker.project().slug)) throw new HubError('not_found', 'No action run has this id.');
        return answer(await speaker.run(params.auditId));
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/mesh/announce',
      auth: 'actions:run',
      tag,
      summary: 'Of the hub of one project: tell the meta hub now',
      body: z.strictObject({ what: z.array(z.enum(ANNOUNCED)).min(1).max(ANNOUNCED.length).optional() }),
      response: Announcements,
      handle: ({ caller, body }) => {
        authorize(caller, 'actions:run');
        return own().announce(body.what);
      },
    }),
  ];
}

const answer = ({ status, body }: InstanceAnswer): Response =>
  new Response(body, { status, headers: { 'content-type': 'application/json' } });

/** The bytes as they came: a signature stands for each of them. */
async function readText(request: Request): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > MAX_BODY) throw new HubError('too_large', `A request may hold ${MAX_BODY} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
