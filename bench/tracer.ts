import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { figure, quantile } from './tools/report.ts';

/** What a traced request costs a product: CPU time of one Express server without tracing, with ours, and with OpenTelemetry's HTTP instrumentation. */
const KINDS = ['none', 'orrery', 'opentelemetry'] as const;
const ROUNDS = 9;
const REQUESTS = 6000;
const AT_ONCE = 16;
const PROGRAM = fileURLToPath(new URL('./tools/tracer.process.ts', import.meta.url));

type Product = { process: ChildProcess; port: number };

async function start(kind: string): Promise<Product> {
  const child = fork(PROGRAM, [kind], { execArgv: process.execArgv, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return { process: child, port };
}

/** Microseconds of CPU time that the server has used so far. */
async function cpuUs({ process: child }: Product): Promise<number> {
  child.send('cpu');
  const [answer] = (await once(child, 'message')) as [{ cpuUs: number }];
  return answer.cpuUs;
}

async function load({ port }: Product, count: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  let left = count;
  const worker = async () => {
    while (left-- > 0)
      await new Promise<void>((resolve, reject) => {
        const sent = request({ port, host: '127.0.0.1', path: `/orders/${left}`, agent }, (response) => {
          response.resume();
          response.once('end', resolve);
        });
        sent.once('error', reject);
        sent.end();
      });
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  agent.destroy();
}

const products = new Map<string, Product>();
for (const kind of KINDS) products.set(kind, await start(kind));
const costs = new Map<string, number[]>(KINDS.map((kind) => [kind, []]));
// Warm first, then in turns, so that whatever else the machine does falls on all of them.
for (const product of products.values()) await load(product, REQUESTS);
for (let round = 0; round < ROUNDS; round++)
  for (const [kind, product] of products) {
    const before = await cpuUs(product);
    await load(product, REQUESTS);
    costs.get(kind)?.push(((await cpuUs(product)) - before) / REQUESTS);
  }
for (const product of products.values()) product.process.kill();

const of = (kind: string) => quantile(costs.get(kind) ?? [], 0.5);
figure({
  what: 'tracing one HTTP request, CPU time over the bare server',
  unit: 'µs',
  ours: of('orrery') - of('none'),
  peer: { name: 'OpenTelemetry HTTP instrumentation', value: of('opentelemetry') - of('none') },
  bar: { atMost: 10 },
  note: `Express, ${AT_ONCE} connections kept alive; the bare server needs ${of('none').toFixed(1)} µs; medians of ${ROUNDS} rounds in turns`,
});
