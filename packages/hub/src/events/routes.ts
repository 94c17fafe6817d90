import { OpsEvent, page, Slug } from '@orrery/protocol';
import { z } from 'zod';
import type { Caller } from '../access/index.ts';
import { defineRoute, type Route } from '../platform/http/route.ts';
import { encodeMessage, openEventStream } from '../platform/http/sse.ts';
import type { Events } from './events.ts';
import type { StreamedEvent } from './stream.ts';

export type WatchCaller = (caller: Caller, request: Request, onRevoked: () => void) => () => void;

/** `watch` cuts a stream when its session or key ends; `closing` is aborted when the hub stops. */
export function eventRoutes(events: Events, watch: WatchCaller, closing: AbortSignal): Route<Caller>[] {
  const written = new WeakMap<StreamedEvent, Uint8Array>();
  const encoded = (streamed: StreamedEvent): Uint8Array => {
    const bytes =
      written.get(streamed) ?? encodeMessage({ id: String(streamed.seq), event: 'event', data: streamed.event });
    written.set(streamed, bytes);
    return bytes;
  };
  return [
    defineRoute({
      method: 'get',
      path: '/ops/events/recent',
      auth: 'ops:view',
      tag: 'Operations',
      summary: 'What happened, newest first',
      query: z.strictObject({
        limit: z.coerce.number().int().min(1).max(500).default(50),
        project: Slug.optional(),
        type: z.string().max(128).optional(),
        cursor: z.string().max(32).optional(),
      }),
      response: page(OpsEvent),
      handle: ({ caller, query }) => events.recent(caller, query),
    }),
    defineRoute({
      method: 'get',
      path: '/ops/events/stream',
      auth: 'ops:view',
      tag: 'Operations',
      summary: 'What happens, as Server-Sent Events; resumes from Last-Event-ID',
      query: z.strictObject({ project: Slug.optional() }),
      produces: 'text/event-stream',
      perMinute: 120,
      handle: async ({ caller, query, request }) => {
        const ends: (() => void)[] = [];
        let resume: (() => void) | undefined;
        const stream = openEventStream(request, {
          onRoom: () => resume?.(),
          onClose: () => ends.forEach((end) => void end()),
        });
        ends.push(watch(caller, request, stream.close));
        closing.addEventListener('abort', stream.close, { once: true });
        ends.push(() => closing.removeEventListener('abort', stream.close));
        const subscription = await events
          .subscribe(caller, {
            project: query.project,
            lastEventId: request.headers.get('last-event-id') ?? undefined,
            give: (event) => stream.send(encoded(event)),
          })
          .catch((error: unknown) => {
            stream.close();
            throw error;
          });
        resume = subscription.resume;
        if (!stream.open()) subscription.stop();
        else ends.push(subscription.stop);
        return stream.response;
      },
    }),
  ];
}
