import { afterAll, describe, expect, test } from 'vitest';
import { startRedis, tellRedis } from '../../../../../test/services/redis.ts';
import { until } from '../../../../../test/services/until.ts';
import { figureOf, openOutbound, probing } from './testing.ts';

const outbound = openOutbound();
const cleanUp: (() => Promise<void> | void)[] = [];
afterAll(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
  outbound.close();
});
const probe = (declared: object) => probing(outbound, { timeout: '20s', ...declared }).check;

describe('redis, the real one', () => {
  test('is up with its figures, by its password and a database of its own', async () => {
    const server = await startRedis('--requirepass', 'open sesame');
    cleanUp.push(server.stop);
    await tellRedis(server.port, 'AUTH "open sesame"', 'SET a 1', 'GET a', 'GET b');
    const good = probe({ kind: 'redis', url: `redis://:open%20sesame@127.0.0.1:${server.port}/3` });
    const outcome = await good();
    expect(outcome).toMatchObject({ status: 'up', heard: true });
    expect(outcome.latencyMs).toBeGreaterThan(0);
    expect(figureOf(outcome, 'redis.used_memory_bytes')).toBeGreaterThan(100_000);
    expect(figureOf(outcome, 'redis.hit_rate_percent')).toBe(50);
    expect(figureOf(outcome, 'redis.role')).toBe('primary');
    const [without, wrong, far] = await Promise.all([
      probe({ kind: 'redis', url: `redis://127.0.0.1:${server.port}` })(),
      probe({ kind: 'redis', url: `redis://:opensesame@127.0.0.1:${server.port}` })(),
      probe({ kind: 'redis', url: `redis://:open%20sesame@127.0.0.1:${server.port}/99` })(),
    ]);
    expect(without).toMatchObject({ status: 'down', reason: expect.stringMatching(/NOAUTH/) });
    expect(wrong).toMatchObject({ status: 'down', reason: expect.stringMatching(/^AUTH .*WRONGPASS/) });
    expect(far).toMatchObject({ status: 'down', reason: 'SELECT was answered with the error ERR' });
    await server.stop();
    expect(await good()).toMatchObject({ status: 'down', reason: expect.stringMatching(/refused/) });
  });

  test('a replica whose primary is gone is degraded', async () => {
    const primary = await startRedis();
    cleanUp.push(primary.stop);
    const replica = await startRedis('--replicaof', '127.0.0.1', String(primary.port));
    cleanUp.push(replica.stop);
    const check = probe({ kind: 'redis', url: `redis://127.0.0.1:${replica.port}` });
    await until(async () => figureOf(await check(), 'redis.replication_link_up') === 1, {
      timeoutMs: 30_000,
      what: 'the replica follows',
    });
    await primary.stop();
    const outcome = await until(
      async () => {
        const seen = await check();
        return seen.status === 'degraded' ? seen : undefined;
      },
      { timeoutMs: 30_000, what: 'the lost link is seen' },
    );
    expect(outcome.reason).toMatch(/link to its primary is down/);
  });
});
