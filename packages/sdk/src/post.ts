import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

export type PostAnswer =
  | { kind: 'answered'; status: number; retryAfterMs?: number; body: string }
  | { kind: 'failed'; reason: string };

const MAX_ANSWER = 1024 * 1024;

/**
 * One POST with one deadline over connection, request and answer. Neither its socket nor its timer keeps the process alive:
 * telemetry must not delay the end of a product.
 */
export function post(url: URL, headers: Record<string, string>, body: string, timeoutMs: number): Promise<PostAnswer> {
  return new Promise((resolve) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const bytes = Buffer.from(body);
    const request = send(url, {
      method: 'POST',
      headers: { ...headers, 'content-length': bytes.byteLength },
      agent: false,
    });
    const finish = (answer: PostAnswer) => {
      clearTimeout(timer);
      resolve(answer);
      request.destroy();
    };
    const timer = setTimeout(() => finish({ kind: 'failed', reason: `no answer within ${timeoutMs} ms` }), timeoutMs);
    timer.unref();
    request.on('socket', (socket) => socket.unref());
    request.on('error', (error: NodeJS.ErrnoException) =>
      finish({ kind: 'failed', reason: error.code ?? error.message }),
    );
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.byteLength;
        if (size > MAX_ANSWER) finish({ kind: 'failed', reason: 'the answer is too large' });
        else chunks.push(chunk);
      });
      response.on('error', (error: NodeJS.ErrnoException) =>
        finish({ kind: 'failed', reason: error.code ?? error.message }),
      );
      response.on('aborted', () => finish({ kind: 'failed', reason: 'the answer was cut off' }));
      response.on('end', () => {
        const retryAfterMs = readRetryAfter(response.headers['retry-after']);
        finish({
          kind: 'answered',
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks).toString('utf8'),
          ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
        });
      });
    });
    request.end(bytes);
  });
}

/** Seconds or an HTTP date (RFC 9110, 10.2.3), at most five minutes: a hub cannot silence a product for longer. */
export function readRetryAfter(value: string | undefined, now = Date.now()): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  const ms = /^\d{1,9}$/.test(text)
    ? Number(text) * 1000
    : /^[A-Z][a-z]{2,8},? /.test(text)
      ? Date.parse(text) - now
      : Number.NaN;
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), 300_000) : undefined;
}
