import { MockOtlpServer, normalizeTrace } from '@elastic/mockotlpserver';

export type ReceivedSpan = {
  name: string;
  kind: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  attributes: Record<string, unknown>;
  events?: { name: string; attributes: Record<string, unknown> }[];
  status: { code: string };
};

export type OtlpCollector = {
  url: string;
  /** Spans received so far, oldest first. */
  spans: ReceivedSpan[];
  /** What the last sender said of itself. */
  resource(): Record<string, unknown>;
  /** The headers of its last request. */
  headers(): Record<string, string>;
  stop(): Promise<void>;
};

/** Starts a real OTLP/HTTP receiver on a free port and keeps what it is sent. */
export async function startCollector(): Promise<OtlpCollector> {
  const spans: ReceivedSpan[] = [];
  let resource: Record<string, unknown> = {};
  let headers: Record<string, string> = {};
  const server = new MockOtlpServer({
    services: ['http'],
    httpHostname: '127.0.0.1',
    httpPort: 0,
    logLevel: 'fatal',
    onRequest(request) {
      headers = request.headers;
    },
    onTrace(trace) {
      for (const sent of normalizeTrace(trace).resourceSpans) {
        resource = sent.resource.attributes;
        for (const scope of sent.scopeSpans) spans.push(...scope.spans);
      }
    },
  });
  await server.start();
  return {
    url: server.httpUrl.origin,
    spans,
    resource: () => resource,
    headers: () => headers,
    stop: () => server.close(),
  };
}
