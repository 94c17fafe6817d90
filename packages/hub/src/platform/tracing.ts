import type { Log } from './log.ts';

export type SpanAttributes = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** A span under way, as the work inside it sees it. */
export type OpenSpan = {
  /** Adds or replaces attributes; undefined ones are left out. */
  set(attributes: SpanAttributes): void;
  /** Something that happened on the way. */
  event(name: string, attributes?: SpanAttributes): void;
  /** Says that the work failed though nothing is thrown; `type` is a fixed word, never a message. */
  fail(type: string): void;
};

export type SpanOptions = {
  /** Whether the work answers somebody, asks somebody, or is the hub's own. */
  kind?: 'internal' | 'server' | 'client';
  /** Headers of the request that the work answers: a `traceparent` among them makes the span part of its trace. */
  parent?: Headers;
};

/** What rooms know of tracing. What is thrown inside is the caller's as before; a promise ends the span when it settles. */
export type Tracer = {
  span<T>(name: string, attributes: SpanAttributes, work: (span: OpenSpan) => T, options?: SpanOptions): T;
};

export type Tracing = Tracer & {
  /** Whether spans go anywhere. */
  readonly on: boolean;
  /** Spans that the collector took, and those that it did not. */
  counts(): { exported: number; failed: number };
  /** Sends what waits, for at most three seconds. */
  stop(): Promise<void>;
};

export type TracingOptions = {
  /** Base URL of an OTLP/HTTP collector; absent: nothing is loaded, nothing is measured. */
  endpoint?: string | undefined;
  /** `name=value` pairs separated by commas, values percent-encoded, as OTEL_EXPORTER_OTLP_HEADERS has them. */
  headers?: string | undefined;
  service: { name: string; version: string; instance: string };
  log: Log;
};

const nothing: OpenSpan = { set: () => undefined, event: () => undefined, fail: () => undefined };

/** Runs the work and measures nothing. */
export const noTracing: Tracing = {
  on: false,
  span: (_name, _attributes, work) => work(nothing),
  counts: () => ({ exported: 0, failed: 0 }),
  stop: async () => undefined,
};

/** Spans of the hub's work, sent by OTLP over HTTP in batches; without an endpoint the libraries are not even loaded. */
export async function createTracing(options: TracingOptions): Promise<Tracing> {
  if (options.endpoint === undefined) return noTracing;
  const { openTracing } = await import('./tracing/otlp.ts');
  return openTracing({ ...options, endpoint: options.endpoint });
}
