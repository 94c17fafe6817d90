import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  type ReadableSpan,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-node';
import type { Log } from '../log.ts';
import type { OpenSpan, SpanAttributes, SpanOptions, Tracing, TracingOptions } from '../tracing.ts';
import { remoteParent } from './parent.ts';

const EXPORT_MS = 5000;
const STOP_MS = 3000;
const SAID_EVERY_MS = 60_000;
const KINDS = { internal: SpanKind.INTERNAL, server: SpanKind.SERVER, client: SpanKind.CLIENT } as const;

/** Spans by OTLP over HTTP. No global of the library is touched: two hubs in one process have two tracers. */
export function openTracing({ endpoint, headers, service, log }: TracingOptions & { endpoint: string }): Tracing {
  const counts = { exported: 0, failed: 0 };
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
    headers: readHeaders(headers ?? ''),
    timeoutMillis: EXPORT_MS,
  });
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({
      'service.name': service.name,
      'service.version': service.version,
      'service.instance.id': service.instance,
    }),
    spanProcessors: [new BatchSpanProcessor(counted(exporter, counts, log))],
  });
  const tracer = provider.getTracer('orrery', service.version);
  const current = new AsyncLocalStorage<Context>();

  function span<T>(
    name: string,
    attributes: SpanAttributes,
    work: (span: OpenSpan) => T,
    options: SpanOptions = {},
  ): T {
    const above = current.getStore() ?? remoteParent(options.parent) ?? ROOT_CONTEXT;
    const own = tracer.startSpan(
      name,
      { kind: KINDS[options.kind ?? 'internal'], attributes: plain(attributes) },
      above,
    );
    return current.run(trace.setSpan(above, own), () => settle(own, work));
  }

  return {
    on: true,
    span,
    counts: () => ({ ...counts }),
    async stop() {
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(() => {
        log.warn('the trace collector did not take the last spans in time');
        late.resolve();
      }, STOP_MS);
      // A collector that is away was spoken of when it refused; it is no reason not to stop.
      await Promise.race([provider.shutdown().catch(() => undefined), late.promise]);
      clearTimeout(timer);
    },
  };
}

/** Runs the work inside its span, and ends the span when it returns, throws, or its promise settles. */
function settle<T>(own: Span, work: (span: OpenSpan) => T): T {
  const failed = (error: unknown): void => {
    handle(own).fail(errorType(error));
    own.end();
  };
  let result: T;
  try {
    result = work(handle(own));
  } catch (error) {
    failed(error);
    throw error;
  }
  // The caller has the promise itself, with its rejection; this one only looks.
  if (result instanceof Promise) result.then(() => own.end(), failed);
  else own.end();
  return result;
}

const handle = (own: Span): OpenSpan => ({
  set: (attributes) => void own.setAttributes(plain(attributes)),
  event: (name, attributes = {}) => void own.addEvent(name, plain(attributes)),
  fail: (type) => void own.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', type),
});

/** What kind of error it was. Its message may hold what must not leave the house, and stands in the log. */
function errorType(error: unknown): string {
  const { code, name } =
    error instanceof Error ? (error as Error & { code?: unknown }) : { code: undefined, name: typeof error };
  return typeof code === 'string' ? code : name;
}

function plain(attributes: SpanAttributes): Attributes {
  const kept: Attributes = {};
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined) kept[name] = typeof value === 'object' ? [...value] : value;
  return kept;
}

/** `name=value,name=value` as the specification of OTLP exporters has it. */
function readHeaders(text: string): Record<string, string> {
  const pairs = text.split(',').flatMap((pair): [string, string][] => {
    const at = pair.indexOf('=');
    return at < 1 ? [] : [[pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1).trim())]];
  });
  return Object.fromEntries(pairs);
}

/** The exporter, counted; what it cannot deliver is said once a minute. */
function counted(exporter: SpanExporter, counts: { exported: number; failed: number }, log: Log): SpanExporter {
  let said = Number.NEGATIVE_INFINITY;
  return {
    export(spans: ReadableSpan[], done) {
      exporter.export(spans, (result) => {
        // 0 is the library's word for success.
        counts[result.code === 0 ? 'exported' : 'failed'] += spans.length;
        if (result.code !== 0 && performance.now() - said > SAID_EVERY_MS) {
          said = performance.now();
          log.warn({ err: result.error, spans: spans.length }, 'the trace collector did not take spans; they are lost');
        }
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
}
