import { request } from 'node:http';

/** A container engine behind a socket, as far as a drill uses it. */
export type Engine = {
  socket: string;
  /** Asks the engine; an answer from 300 on is thrown, but for 304: it is so already. */
  ask<T>(method: string, path: string, body?: unknown): Promise<T>;
};

const PATIENCE_MS = 60_000;

export const engineAt = (socket: string): Engine => ({
  socket,
  ask: (method, path, body) =>
    new Promise((resolve, reject) => {
      const sent = request(
        { socketPath: socket, method, path, headers: { 'content-type': 'application/json' }, timeout: PATIENCE_MS },
        (response) => {
          let said = '';
          response.on('data', (chunk) => {
            said += chunk;
          });
          response.once('error', reject);
          response.once('end', () => {
            const status = response.statusCode ?? 0;
            if (status >= 300 && status !== 304)
              return reject(new Error(`${method} ${path} was answered HTTP ${status}: ${said.slice(0, 300)}`));
            resolve(said.startsWith('{') || said.startsWith('[') ? JSON.parse(said) : undefined);
          });
        },
      );
      sent.once('timeout', () => sent.destroy(new Error(`the engine did not answer ${method} ${path}`)));
      sent.once('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    }),
});
