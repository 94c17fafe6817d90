import { type Context, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** The trace that a request says it is part of (W3C trace context). It is always recorded: a caller cannot hide from the hub's own traces. */
export function remoteParent(headers: Headers | undefined): Context | undefined {
  const [, traceId, spanId] = TRACEPARENT.exec(headers?.get('traceparent') ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true });
}
