import { createServer, type RequestListener, type Server } from 'node:http';
import type { Instance } from '@orrery/sdk';
import { orrery } from '@orrery/sdk/fastify';
import Fastify from 'fastify';
import type { PerformiaStore } from './store.ts';

const PRESETS = ['loop', 'stems', 'master'];

/** Performia's routes, validated by Fastify's JSON schemas. */
export async function createPerformiaApp(instance: Instance, store: PerformiaStore): Promise<RequestListener> {
  const { logs } = instance;
  let listener: RequestListener | undefined;
  const app = Fastify({
    disableRequestLogging: true,
    logger: { level: 'warn', stream: logs.pinoStream() },
    // Fastify hands its listener out here; the fleet's own server, which knows the faults, calls it.
    serverFactory: (handler): Server => {
      listener = handler;
      return createServer();
    },
  });
  await app.register(orrery, {
    instance,
    who: (request) => ({
      tier: typeof request.headers['x-tier'] === 'string' ? request.headers['x-tier'] : 'standard',
    }),
  });

  app.get('/studios', async () => ({ items: await store.studios() }));
  app.post<{ Body: { studioId: string; bpm: number } }>(
    '/sessions',
    { schema: { body: body({ studioId: { type: 'string' }, bpm: { type: 'integer', minimum: 20, maximum: 300 } }) } },
    async (request, reply) => {
      const artist = String(request.headers['x-user'] ?? 'guest').slice(0, 64);
      const id = await store.open(request.body.studioId, artist, request.body.bpm);
      if (!id) return reply.code(404).send({ error: 'no such studio' });
      logs.write('info', `Session opened by ${artist}`, { session: id, bpm: request.body.bpm });
      instance.emit('session.started', { title: `${artist} plays at ${request.body.bpm} bpm`, session: id });
      return reply.code(201).send({ id });
    },
  );
  app.post<{ Params: { id: string } }>('/sessions/:id/beats', async (request, reply) => {
    const live = await store.touch(request.params.id);
    return live ? { live } : reply.code(410).send({ error: 'the session has ended' });
  });
  app.post<{ Params: { id: string } }>('/sessions/:id/end', async (request) => ({
    ended: await store.end(request.params.id),
  }));
  app.post<{ Params: { id: string }; Body: { preset: string; frames: number } }>(
    '/sessions/:id/renders',
    {
      schema: {
        body: body({
          preset: { type: 'string', enum: PRESETS },
          frames: { type: 'integer', minimum: 1, maximum: 20_000 },
        }),
      },
    },
    async (request, reply) => {
      const render = await store.queue(request.params.id, request.body.preset, request.body.frames);
      if (!render) return reply.code(410).send({ error: 'the session has ended' });
      return reply.code(202).send(render);
    },
  );
  app.get<{ Params: { id: string } }>('/renders/:id', async (request, reply) => {
    const render = await store.render(request.params.id);
    return render ?? reply.code(404).send({ error: 'no such render' });
  });
  await app.ready();
  if (!listener) throw new Error('Fastify made no server');
  return listener;
}

const body = (properties: Record<string, unknown>) => ({
  type: 'object',
  required: Object.keys(properties),
  properties,
});
