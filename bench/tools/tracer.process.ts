import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { createInstance } from '@orrery/sdk';
import { orrery } from '@orrery/sdk/express';

/** A small Express product with no tracing, ours, or OpenTelemetry's; it says where it listens, and its CPU time when asked. */
const kind = process.argv[2];
if (kind === 'opentelemetry') {
  const provider = new NodeTracerProvider({
    // Spans are made and batched as usual; where they would be sent, they are dropped.
    spanProcessors: [
      new BatchSpanProcessor({ export: (_spans, done) => done({ code: 0 }), shutdown: () => Promise.resolve() }),
    ],
  });
  provider.register();
  const instrumentation = new HttpInstrumentation();
  instrumentation.setTracerProvider(provider);
  instrumentation.enable();
}
// Loaded now, by the way that instrumentation hooks into.
const require = createRequire(import.meta.url);
const { createServer } = require('node:http') as typeof import('node:http');
const { default: express } = await import('express');

const app = express();
if (kind === 'orrery') app.use(orrery(createInstance({ project: 'bench', version: '1.0.0' })));
app.get('/orders/:id', (req, res) => {
  res.json({ id: req.params.id, state: 'paid' });
});
const server: Server = createServer(app);
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuUs: user + system });
});
