import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Pool } from 'undici';
import { startOurs } from './tools/hub.ts';
import { cpuSeconds, freePort, type Running, rssMiB, run } from './tools/processes.ts';
import { figure, median } from './tools/report.ts';

/**
 * What the gateway costs, beside Portkey's (`@portkey-ai/gateway`) and a bare undici pass-through in front of the same fake provider, in
 * turns: with keys checked, the ledger written and two budgets held. Portkey as npm installs it answers every stream with 500; the
 * repository pins the `@hono/node-server` beneath it to 1.14.1, with which it streams.
 * `--requests N`: how many the memory is watched over; the goal's run is 500000.
 */
const { values } = parseArgs({ options: { requests: { type: 'string', default: '30000' } } });
const LONG = Number(values.requests);
const ROUNDS = 3;
const COUNTS = { 1: 300, 16: 1500, 64: 1500 } as const;
const WARM = 400;

const upstream = await start(new URL('./tools/models.process.ts', import.meta.url));
const target = `http://127.0.0.1:${upstream.port}`;
const bare = await start(new URL('./tools/pass.process.ts', import.meta.url), target);
const portkeyPort = await freePort();
const gateway = createRequire(import.meta.url).resolve('@portkey-ai/gateway/package.json');
const portkey = run(process.execPath, [
  gateway.replace('package.json', 'build/start-server.js'),
  `--port=${portkeyPort}`,
  '--headless',
]);
const hub = await startOurs(`ai:
  providers:
    - { name: fake, kind: compatible, url: "${target}/v1", key: k, models: [bench-model] }
  budgets:
    - { name: everything, per: day, requests: 100000000, tokens: 100000000000 }
    - { name: each-key, each: key, per: minute, requests: 10000000 }
`);
const { body: made } = await hub.api.post<{ key: string }>('/api/keys', { name: 'bench', role: 'agent' });

type Contender = { name: string; origin: string; pid: number; headers: Record<string, string> };
const ours: Contender = {
  name: 'Orrery',
  origin: hub.url,
  pid: hub.pid,
  headers: { authorization: `Bearer ${made.key}` },
};
const contenders: Contender[] = [
  ours,
  {
    name: 'Portkey',
    origin: `http://127.0.0.1:${portkeyPort}`,
    pid: portkey.pid,
    headers: {
      authorization: 'Bearer k',
      'x-portkey-provider': 'openai',
      'x-portkey-custom-host': `${target}/v1`,
    },
  },
  { name: 'bare undici', origin: `http://127.0.0.1:${bare.port}`, pid: bare.running.pid, headers: {} },
];

type Measured = { perSecond: number; cpuMs: number; firstMs: number };
const bodyOf = (stream: boolean) =>
  JSON.stringify({
    model: 'bench-model',
    messages: [{ role: 'user', content: 'Write some words. '.repeat(10) }],
    max_tokens: 100,
    ...(stream ? { stream: true } : {}),
  });

/** So many requests over so many connections; the answer is read whole. */
async function load(to: Contender, stream: boolean, connections: number, count: number): Promise<Measured> {
  const pool = new Pool(to.origin, { connections, pipelining: 1 });
  const body = bodyOf(stream);
  const firsts: number[] = [];
  let left = count;
  const one = () =>
    new Promise<void>((resolve, reject) => {
      const began = performance.now();
      let bytes = 0;
      let status = 0;
      pool.dispatch(
        {
          path: '/v1/chat/completions',
          method: 'POST',
          headers: { 'content-type': 'application/json', ...to.headers },
          body,
        },
        {
          onRequestStart: () => undefined,
          onResponseStart(_, given) {
            status = given;
          },
          onResponseData(_, data) {
            if (bytes === 0) firsts.push(performance.now() - began);
            bytes += data.length;
          },
          onResponseEnd: () =>
            status === 200 && bytes > 400
              ? resolve()
              : reject(new Error(`${to.name} answered ${status}, ${bytes} bytes`)),
          onResponseError: (_, error) => reject(error),
        },
      );
    });
  const worker = async () => {
    while (left-- > 0) await one();
  };
  const [began, cpu] = [performance.now(), cpuSeconds(to.pid)];
  await Promise.all(Array.from({ length: connections }, worker));
  const measured = {
    perSecond: (count * 1000) / (performance.now() - began),
    cpuMs: ((cpuSeconds(to.pid) - cpu) * 1000) / count,
    firstMs: median(firsts),
  };
  await pool.close();
  return measured;
}

for (let tries = 0; tries < 100; tries++)
  try {
    for (const one of contenders) for (const stream of [false, true]) await load(one, stream, 16, WARM);
    break;
  } catch (error) {
    if (tries === 99) throw error;
    await new Promise((done) => setTimeout(done, 100));
  }

const table: string[] = [];
for (const stream of [false, true])
  for (const connections of [1, 16, 64] as const) {
    const rounds = new Map<string, Measured[]>(contenders.map(({ name }) => [name, []]));
    for (let round = 0; round < ROUNDS; round++)
      for (const one of contenders)
        rounds.get(one.name)?.push(await load(one, stream, connections, COUNTS[connections]));
    const of = (name: string, what: keyof Measured) => median((rounds.get(name) ?? []).map((one) => one[what]));
    const form = stream ? 'SSE' : 'JSON';
    for (const { name } of contenders)
      table.push(
        `| ${form} | ${connections} | ${name} | ${Math.round(of(name, 'perSecond'))} | ${of(name, 'cpuMs').toFixed(3)} | ${of(name, 'firstMs').toFixed(2)} |`,
      );
    const peer = (what: keyof Measured) => ({ name: 'Portkey', value: of('Portkey', what) });
    const at = `${form}, c = ${connections}`;
    figure({
      what: `AI gateway, CPU of one call (${at})`,
      unit: 'ms',
      ours: of('Orrery', 'cpuMs'),
      peer: peer('cpuMs'),
      ...(stream ? {} : { bar: { atMost: 0.2 } }),
      note: `a bare undici pass-through: ${of('bare undici', 'cpuMs').toFixed(3)} ms`,
    });
    if (connections === 16)
      figure({
        what: `AI gateway, calls a second (${at})`,
        unit: '/s',
        ours: of('Orrery', 'perSecond'),
        peer: peer('perSecond'),
        bar: { atLeast: 4 * of('Portkey', 'perSecond') },
      });
    if (stream && connections === 1)
      figure({
        what: 'AI gateway, what it adds to the time to the first token (p50, c = 1)',
        unit: 'ms',
        ours: of('Orrery', 'firstMs') - of('bare undici', 'firstMs'),
        peer: { name: 'Portkey', value: of('Portkey', 'firstMs') - of('bare undici', 'firstMs') },
        bar: { atMost: 2 },
        note: 'over the bare pass-through',
      });
  }

const samples: number[] = [];
for (let done = 0; done < LONG; done += LONG / 20) {
  await load(ours, false, 16, Math.ceil(LONG / 20));
  samples.push(rssMiB(ours.pid));
}
figure({
  what: `AI gateway, resident memory after ${LONG.toLocaleString('en')} calls`,
  unit: 'MiB',
  ours: samples.at(-1) ?? Number.NaN,
  bar: { atMost: 200 },
  note: `from ${Math.round(samples[0] ?? 0)} to ${Math.round(Math.max(...samples))} on the way`,
});
console.log(
  `\n| form | c | gateway | calls/s | CPU ms/call | first byte p50 ms |\n| --- | ---: | --- | ---: | ---: | ---: |\n${table.join('\n')}`,
);
await hub.dispose();
for (const one of [portkey, bare.running, upstream.running]) await one.stop();

async function start(file: URL, ...args: string[]): Promise<{ port: number; running: Running }> {
  const running = run(process.execPath, [fileURLToPath(file), ...args], { stdout: 'pipe' });
  const stdout = running.process.stdout;
  if (!stdout) throw new Error('it says nothing');
  const [line] = await once(stdout, 'data');
  return { port: JSON.parse(String(line)).port, running };
}
