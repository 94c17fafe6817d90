import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify';
import { actorOf } from './attacks/index.ts';
import type { Instance } from './instance.ts';
import { answerNode, byteCounter, headerOf, pathOf } from './node-bridge.ts';
import type { RequestTrace } from './requests.ts';
import { ask } from './shared.ts';
import { UNMATCHED, type Who } from './tracer.ts';

export type FastifyOptions = {
  instance: Instance;
  /** Whose request it is; becomes the platform tag. Asked when the answer is finished. */
  who?: (request: FastifyRequest, reply: FastifyReply) => Who | undefined;
  /** Who is behind a request, for counting what one does: an address or a user. By default `request.ip`, or what a proxy of the house saw. It leaves the process as an opaque token only. */
  actor?: (request: FastifyRequest, reply: FastifyReply) => string | undefined;
};

/** Serves the SDK's routes and traces every other request of the whole app: `await app.register(orrery, { instance })`. */
export const orrery: FastifyPluginCallback<FastifyOptions> = (app, { instance, who, actor }, done) => {
  const { basePath, tracer, attacks, requests } = instance;
  const traces = new WeakMap<object, RequestTrace>();

  app.addHook('onRequest', (request, reply, next) => {
    if (!instance.handles(pathOf(request.raw.url ?? '/'))) {
      const started = performance.now();
      const trace = requests.open();
      traces.set(request, trace);
      const bytes = byteCounter(request.raw);
      // Not onResponse: that hook is silent about a client that went away.
      reply.raw.once('close', () => {
        const { method } = request;
        const route = request.is404 ? UNMATCHED : (request.routeOptions.url ?? UNMATCHED);
        const status = reply.raw.writableFinished ? reply.raw.statusCode : 499;
        tracer.record({
          method,
          route,
          status,
          durationMs: performance.now() - started,
          bytes: bytes(reply.raw.getHeader('content-length')),
          trace,
          ...ask(who, request, reply),
        });
        attacks.see({
          method,
          route,
          status,
          target: request.raw.url ?? '/',
          header: (name) => headerOf(request.raw, name),
          body: request.body,
          actor: ask(actor, request, reply) ?? actorOf(request.ip, headerOf(request.raw, 'x-forwarded-for')),
        });
      });
    }
    next();
  });
  // The handler runs after the body was read, which happens outside of whatever ran before.
  app.addHook('preHandler', (request, _reply, next) => {
    const trace = traces.get(request);
    if (trace) requests.run(trace, next);
    else next();
  });

  // Its own scope: the raw body is what a signature covers, so no parser of the product may touch it.
  app.register((scope, _options, ready) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null));
    const answer = async (request: FastifyRequest, reply: FastifyReply) => {
      reply.hijack();
      await answerNode(instance, request.raw.url ?? '/', request.raw, reply.raw);
    };
    for (const path of ['/health', '/metrics', '/logs', '/capabilities', '/actions', '/actions/:auditId'])
      scope.all(`${basePath}${path}`, answer);
    ready();
  });
  done();
};

// Fastify's mark for a plugin that speaks for the whole app and not only for its own scope (what fastify-plugin sets).
Object.assign(orrery, { [Symbol.for('skip-override')]: true, [Symbol.for('fastify.display-name')]: 'orrery' });
