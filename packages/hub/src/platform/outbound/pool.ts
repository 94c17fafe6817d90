import { createRequire } from 'node:module';
import type { Dispatcher } from 'undici';
import type { OutboundConnection, OutboundTarget } from '../outbound.ts';
import { OutboundError, toOutboundError } from './error.ts';

export type PooledRequest = {
  /** Scheme, host and port. */
  origin: string;
  path: string;
  method: 'GET' | 'POST';
  headers: Readonly<Record<string, string>>;
  body?: Uint8Array | string;
};
export type PooledHandler = {
  head(status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void;
  /** False asks to wait; `resume` goes on. */
  data(chunk: Buffer): void;
  end(): void;
  /** Once, in place of `end`; also after `abort`. */
  fail(error: OutboundError): void;
};
export type PooledExchange = {
  pause(): void;
  resume(): void;
  abort(error: OutboundError): void;
  /** Whether it has a connection, and so may have been read. */
  begun(): boolean;
};
export type Pool = {
  send(request: PooledRequest, handler: PooledHandler): PooledExchange;
  close(): Promise<void>;
};

const read = createRequire(import.meta.url);
/** Connections to one origin at once. */
const CONNECTIONS = 512;
const KEEP_ALIVE_MS = 30_000;

/**
 * Requests over connections that are kept, for targets that the operator names: each connection is opened by the way out, so its address
 * is judged on the socket that is used. Redirects are answers like any other. The caller limits time and size.
 */
export function createPool(options: {
  open(target: OutboundTarget): Promise<OutboundConnection>;
  connectTimeoutMs(origin: string): number;
  /** Certificates to trust in place of the system's. */
  ca?: string;
}): Pool {
  /** Read with the first request: most hubs have no model provider. Of the library the agent alone: the whole costs 13 MiB more of memory. */
  let opened: Dispatcher | undefined;
  const openAgent = (): Dispatcher =>
    new (read('undici/lib/dispatcher/agent.js') as typeof import('undici').Agent)({
      connections: CONNECTIONS,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: ({ hostname, port, protocol }, done) => {
        const secure = protocol === 'https:';
        const where = Number(port) || (secure ? 443 : 80);
        options
          .open({
            host: hostname,
            port: where,
            timeoutMs: options.connectTimeoutMs(`${protocol}//${hostname}:${where}`),
            trusted: true,
            ...(secure ? { tls: options.ca === undefined ? {} : { ca: options.ca } } : {}),
          })
          .then(
            ({ socket }) => done(null, socket),
            (error: unknown) => done(error instanceof Error ? error : new Error(String(error)), null),
          );
      },
    });
  return {
    send(request, handler) {
      let controller: Dispatcher.DispatchController | undefined;
      let over = false;
      let reason: OutboundError | undefined;
      const fail = (error: unknown) => {
        if (over) return;
        over = true;
        handler.fail(reason ?? kindOf(error));
      };
      try {
        opened ??= openAgent();
        opened.dispatch(
          { ...request, body: request.body ?? null },
          {
            onRequestStart(given) {
              controller = given;
              if (reason) given.abort(reason);
            },
            onResponseStart(_, status, headers) {
              if (status >= 200 && !over) handler.head(status, headers);
            },
            onResponseData(_, chunk) {
              if (!over) handler.data(chunk);
            },
            onResponseEnd() {
              if (over) return;
              over = true;
              handler.end();
            },
            onResponseError: (_, error) => fail(error),
          },
        );
      } catch (error) {
        queueMicrotask(() => fail(error));
      }
      return {
        pause: () => controller?.pause(),
        resume: () => controller?.resume(),
        begun: () => controller !== undefined,
        abort(error) {
          if (over) return;
          reason = error;
          // One that waits for its connection is given up at once; it is ended when its turn comes.
          if (controller) controller.abort(error);
          else fail(error);
        },
      };
    },
    close: async () => opened?.destroy(),
  };
}

function kindOf(error: unknown): OutboundError {
  if (error instanceof OutboundError) return error;
  const { code = '', cause } = error as { code?: string; cause?: unknown };
  if (cause instanceof OutboundError) return cause;
  if (code === 'UND_ERR_SOCKET' || code === 'UND_ERR_CLOSED' || code === 'UND_ERR_DESTROYED')
    return new OutboundError('reset', 'the connection was closed before the end of the answer');
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH')
    return new OutboundError('reset', 'the answer ended before its announced length');
  return toOutboundError(error, false);
}
