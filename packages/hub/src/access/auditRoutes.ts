import { AuditFilter, AuditRecord, AuditVerdict, page } from '@orrery/protocol';
import { z } from 'zod';
import { defineRoute, type Route } from '../platform/http/route.ts';
import type { Caller } from './caller.ts';
import type { TrailRecord } from './record.ts';

const tag = 'Audit';
const Seq = z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER);

export function auditRoutes({ trail, verifyTrail }: Pick<TrailRecord, 'trail' | 'verifyTrail'>): Route<Caller>[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/audit',
      auth: 'configure',
      tag,
      summary: 'Who did what, or was refused it, newest first',
      query: AuditFilter.extend({ limit: z.coerce.number().int().min(1).max(200).default(50), cursor: Seq.optional() }),
      response: page(AuditRecord),
      perMinute: 600,
      handle: ({ caller, query }) => trail.list(caller, query),
    }),
    defineRoute({
      method: 'get',
      path: '/api/audit/export',
      auth: 'configure',
      tag,
      summary: 'The entries as NDJSON, oldest first, each with the hashes that chain them',
      query: AuditFilter,
      produces: 'application/x-ndjson',
      perMinute: 12,
      handle: async ({ caller, query, request }) =>
        new Response(lines(trail.each(caller, query), request.signal), {
          headers: {
            'content-type': 'application/x-ndjson; charset=utf-8',
            'content-disposition': 'attachment; filename="orrery-audit.ndjson"',
            'cache-control': 'no-store',
          },
        }),
    }),
    defineRoute({
      method: 'get',
      path: '/api/audit/verify',
      auth: 'configure of all',
      tag,
      summary: 'Walks the whole chain and says where it first breaks',
      response: AuditVerdict,
      perMinute: 6,
      handle: ({ caller }) => verifyTrail(caller),
    }),
    defineRoute({
      method: 'get',
      path: '/api/audit/{seq}',
      auth: 'configure',
      tag,
      summary: 'One entry of the audit trail',
      params: z.strictObject({ seq: Seq }),
      response: AuditRecord,
      handle: ({ caller, params }) => trail.get(caller, params.seq),
    }),
  ];
}

/** One JSON text a line. A page is read when the client has taken the one before it. */
function lines(pages: AsyncGenerator<AuditRecord[]>, signal: AbortSignal): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = signal.aborted ? ({ done: true } as const) : await pages.next();
        if (next.done) return controller.close();
        controller.enqueue(encoder.encode(next.value.map((record) => `${JSON.stringify(record)}\n`).join('')));
      },
      cancel: async () => void (await pages.return(undefined)),
    },
    { highWaterMark: 0 },
  );
}
