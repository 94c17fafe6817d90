import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { project, testIntake } from '../../packages/hub/src/intake/testing.ts';
import { nameServer, type Reply } from '../../packages/hub/src/platform/outbound/nameserver.fixture.ts';
import { temporaryDatabase } from '../../packages/hub/src/platform/testing.ts';
import { figure, seconds } from '../services/figures.ts';
import { until } from '../services/until.ts';

/** Fault 24: names that do not exist, a name server that fails, one that does not answer, one of two addresses dead. */
const INTERVAL = 1000;
const TIMEOUT = 700;
const FOUND_MS = INTERVAL + TIMEOUT + 1000;

/** A web server that remembers when it was asked under which name. */
async function target() {
  const asked = new Map<string, number[]>();
  const server = createServer((request, response) => {
    const name = request.headers.host?.split('.')[0] ?? '';
    asked.set(name, [...(asked.get(name) ?? []), performance.now()]);
    response.end('ok');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const worstGap = (names: readonly string[], from: number): number =>
    Math.max(
      ...names.flatMap((name) => {
        const times = [from, ...(asked.get(name) ?? []).filter((at) => at > from), performance.now()];
        return times.slice(1).map((at, i) => at - (times[i] ?? at));
      }),
    );
  return { port: (server.address() as { port: number }).port, worstGap };
}
const passing = (ms: number) => new Promise((done) => setTimeout(done, ms));

test('a name service in trouble is told apart, and holds up no check of another name', async () => {
  const moods = new Map<string, Reply>();
  const { server } = await nameServer((name) => moods.get(name.split('.')[0] ?? '') ?? ['127.0.0.1'], onTestFinished);
  const { port, worstGap } = await target();
  const database = await temporaryDatabase();
  onTestFinished(() => database.close());
  const kit = testIntake(database.db, { nameServers: [server] });
  onTestFinished(() => kit.stop());

  const names = (what: string, count: number) => Array.from({ length: count }, (_, i) => `${what}-${i}`);
  const [well, slow, failing] = [names('well', 20), names('slow', 10), names('failing', 5)];
  const watch = (name: string) => {
    const url = `http://${name}.test.example:${port}/`;
    return project(name, url, [{ kind: 'http', url, timeout: `${TIMEOUT}ms`, failAfter: 1 }], `${INTERVAL}ms`);
  };
  const statusOf = async (name: string) => (await kit.service(name))?.status;
  moods.set('two', ['127.0.0.99', '127.0.0.1']);
  const known = [...well, ...slow, ...failing, 'gone', 'two'];
  await kit.intake.sync(known.map(watch));
  await kit.intake.start();
  await until(async () => (await Promise.all(known.map(statusOf))).every((status) => status === 'up'), {
    what: 'all are up',
    timeoutMs: 20_000,
  });
  let from = performance.now();
  await passing(5000);
  const usual = worstGap(well, from);

  from = performance.now();
  for (const name of slow) moods.set(name, 'silence');
  for (const name of failing) moods.set(name, 'servfail');
  moods.set('gone', 'nxdomain');
  const found = async (name: string, reason: string, since: number) => {
    await until(async () => (await statusOf(name)) === 'down', { everyMs: 25, what: `${name} is found` });
    expect((await kit.service(name))?.reason).toContain(reason);
    return performance.now() - since;
  };
  const gone = await found('gone', 'nxdomain', from);
  // These were never resolved before: there is no last good address to stand in.
  moods.set('never', 'silence').set('broken', 'servfail');
  const added = performance.now();
  await kit.intake.sync([...known, 'never', 'broken'].map(watch));
  const worst = Math.max(
    ...(await Promise.all([found('never', 'dns_timeout', added), found('broken', 'servfail', added)])),
  );
  await passing(6000);

  const slack = Math.max(0, usual - INTERVAL);
  figure(
    24,
    'a name that is gone found after',
    seconds(gone),
    'T + timeout + 1 s = 2.7 s, and 1 s that it was known for',
  );
  expect(gone).toBeLessThan(FOUND_MS + 1000 + 3 * slack);
  figure(24, 'a silent and a failing name server found after', seconds(worst), 'T + timeout + 1 s = 2.7 s');
  expect(worst).toBeLessThan(FOUND_MS + 3 * slack);
  const gap = worstGap([...well, 'two'], from);
  const peace = `in peace ${(usual / INTERVAL).toFixed(2)}`;
  figure(24, 'worst gap of a name that is well', `${(gap / INTERVAL).toFixed(2)} intervals (${peace})`, '1.2');
  expect(gap).toBeLessThan(Math.max(INTERVAL * 1.2, usual + INTERVAL * 0.2));
  const lost = (await Promise.all([...slow, ...failing, 'two'].map(statusOf))).filter((status) => status !== 'up');
  figure(24, 'names with a last good address that look down', String(lost.length), '0');
  expect(lost).toEqual([]);
});
