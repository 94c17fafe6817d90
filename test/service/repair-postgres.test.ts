import type { HealAttempt, OpsHealth } from '@orrery/protocol';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { freshDatabase, startHubs } from '../services/several-hubs.ts';
import { until } from '../services/until.ts';

/** The whole way on two hubs: a real session blocks others, the probe sees it, one hub ends it, the probe proves it. */
test('two hubs see one session that blocks, and it is ended once', async () => {
  const shop = await freshDatabase();
  onTestFinished(() => shop.drop());
  const database = new URL(shop.url).pathname.slice(1);
  const admin = new pg.Client({ connectionString: shop.url });
  await admin.connect();
  onTestFinished(() => admin.end());
  const user = `${database}_app`;
  await admin.query(`CREATE ROLE ${user} LOGIN`);
  await admin.query('CREATE TABLE stock (id int PRIMARY KEY, left_over int)');
  await admin.query('INSERT INTO stock VALUES (1, 10)');
  await admin.query('GRANT ALL ON stock TO PUBLIC');
  const as = (name: string) => {
    const url = new URL(shop.url);
    url.username = user;
    return new pg.Client({ connectionString: url.href, application_name: name });
  };
  const blocked =
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
  const yaml = `network: { allowPrivate: true }
repair: { enabled: true, maxTargets: 5, maxSharePercent: 100 }
projects:
  - slug: shop
    name: Shop
    hubUrl: "http://127.0.0.1:1"
    services:
      - name: db
        probes: [{ kind: postgres, url: "${shop.url}", query: "${blocked}", expect: "0", interval: 1s, timeout: 10s, failAfter: 2 }]
        heal:
          - name: unblock
            mode: automatic
            remedy: { kind: postgres, url: "${shop.url}", blockingFor: 1s, databases: [${database}], users: [${user}] }
            limits: { cooldown: 0ms }
            verify: { within: 20s, stableFor: 2s }
`;
  const several = await startHubs([yaml, yaml], 1);
  onTestFinished(() => several.dispose());
  const [one, two] = several.hubs;
  if (!one || !two) throw new Error('there are two hubs');
  const attempts = async (hub = one) => (await hub.api.read<{ items: HealAttempt[] }>('/ops/autoheal?limit=50')).items;
  await until(async () => (await one.api.read<OpsHealth>('/ops/health')).services[0]?.status === 'up', {
    timeoutMs: 30_000,
    what: 'the database is well',
  });

  const holder = as('holder');
  const cut = new Promise<string>((resolve) => holder.on('error', ({ message }) => resolve(message)));
  await holder.connect();
  await holder.query('BEGIN');
  await holder.query('UPDATE stock SET left_over = 4242 WHERE id = 1');
  const waiting = as('waiter');
  await waiting.connect();
  onTestFinished(() => waiting.end());
  const went = waiting.query('UPDATE stock SET left_over = left_over - 1 WHERE id = 1 RETURNING left_over');

  const healed = await until(async () => (await attempts()).find(({ outcome }) => outcome === 'healed'), {
    timeoutMs: 60_000,
    what: 'it is healed',
  });
  expect((await went).rows).toEqual([{ left_over: 9 }]);
  expect(await cut).toMatch(/terminat/);
  expect(healed.detail).toMatch(
    /its session was ended: session \d+ of .* blocking for \d+ s, last UPDATE [0-9a-f]{12}\)/,
  );
  expect(JSON.stringify(healed)).not.toContain('4242');
  const acted = (await attempts(two)).filter(({ detail }) => detail?.includes('was ended'));
  expect(acted.map(({ id }) => id)).toEqual([healed.id]);
});
