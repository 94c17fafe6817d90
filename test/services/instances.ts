import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type ActionHandler, createInstance, type Instance, type InstanceOptions } from '@orrery/sdk';

export const MESH_KEY = 'the-mesh-key-of-the-tests-0123456789';

export type ServedInstance = {
  slug: string;
  url: string;
  instance: Instance;
  /** Requests that came to `POST /api/actions`, with their webhook ids. */
  posts: string[];
  stop(): void;
};

/** An instance built on the SDK, on a port of its own. `answer` may answer in its place: true when it did. */
export async function serveInstance(
  slug: string,
  options: {
    actions?: Record<string, ActionHandler>;
    meshKey?: string | readonly string[];
    answer?: (request: IncomingMessage, response: ServerResponse) => boolean;
    more?: Partial<InstanceOptions>;
  } = {},
): Promise<ServedInstance> {
  const posts: string[] = [];
  const server = createServer((request, response) => {
    if (request.method === 'POST') posts.push(String(request.headers['webhook-id']));
    if (options.answer?.(request, response)) return;
    void handle(instance, request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  const instance = createInstance({
    project: slug,
    version: '1.0.0',
    hubUrl: url,
    apiKey: keyOf(slug),
    meshKey: options.meshKey ?? MESH_KEY,
    actions: options.actions ?? { 'audit.security': () => ({ scanned: slug }) },
    processMetrics: false,
    ...options.more,
  });
  return {
    ...{ slug, url, instance, posts },
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

export const keyOf = (slug: string): string => `key-of-the-instance-${slug}-0123456789`;

/** What orrery.yaml says of some instances. */
export const declare = (
  instances: readonly Pick<ServedInstance, 'slug' | 'url'>[],
  allowFanout: readonly string[] = ['audit.security', 'graph.refresh'],
): string => `projects:
${instances
  .map(
    ({ slug, url }) =>
      `  - { slug: ${slug}, name: ${slug}, hubUrl: "${url}", apiKey: ${keyOf(slug)}, allowFanout: [${allowFanout.join(', ')}] }`,
  )
  .join('\n')}
network: { allowPrivate: true }
`;

async function handle(instance: Instance, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const hasBody = request.method !== 'GET' && request.method !== 'HEAD';
  const answer = await instance.handle(
    new Request(new URL(request.url ?? '/', 'http://instance'), {
      method: request.method ?? 'GET',
      headers: request.headers as Record<string, string>,
      ...(hasBody ? { body: Buffer.concat(chunks) } : {}),
    }),
  );
  if (!answer) return void response.writeHead(404).end();
  response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(Buffer.from(await answer.arrayBuffer()));
}
