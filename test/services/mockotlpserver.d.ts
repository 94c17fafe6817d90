// The package ships no types of its own entry.
declare module '@elastic/mockotlpserver' {
  export class MockOtlpServer {
    constructor(options: {
      services: ('http' | 'grpc' | 'ui')[];
      httpHostname: string;
      httpPort: number;
      logLevel: string;
      onTrace(trace: unknown): void;
      onRequest(request: { headers: Record<string, string> }): void;
    });
    httpUrl: URL;
    start(): Promise<void>;
    close(): Promise<void>;
  }
  export function normalizeTrace(trace: unknown): {
    resourceSpans: {
      resource: { attributes: Record<string, unknown> };
      scopeSpans: { spans: import('./otlp.ts').ReceivedSpan[] }[];
    }[];
  };
}
