import { AttackReport } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import { actorOf, createAttackWatch, type SeenRequest } from '../../src/attacks/index.ts';

const KEY = new Uint8Array(32).fill(7);
const DAY = Date.parse('2026-11-27T12:00:00Z');
const LOGIN = { method: 'POST', route: '/login', target: '/login' };

function watching(options: { limits?: { guesses?: number } } = {}) {
  const time = { at: 0 };
  const watch = createAttackWatch({ ...options, key: KEY, now: () => time.at, wallClock: () => DAY + time.at });
  const login = (status: number, actor: string, count = 1, everyMs = 1000) => {
    for (let n = 0; n < count; n++) {
      time.at += everyMs;
      watch.see({ ...LOGIN, status, actor });
    }
  };
  const told = () =>
    (watch.take()?.sightings ?? []).map(({ family, rule, count, actor }) => ({ family, rule, count, actor }));
  return { watch, time, login, told };
}

describe('who guesses', () => {
  it('is told once there are ten refusals within a minute, with all of them, and then each further one', () => {
    const { login, told } = watching();
    login(401, '203.0.113.7', 9);
    expect(told()).toEqual([]);
    login(401, '203.0.113.7');
    expect(told()).toMatchObject([{ family: 'brute-force', rule: 'guessing', count: 10 }]);
    login(403, '203.0.113.7', 3);
    expect(told()).toMatchObject([{ rule: 'guessing', count: 3 }]);
  });

  it('is nobody who mistypes now and then', () => {
    const { login, told } = watching();
    login(401, '203.0.113.7', 60, 10_000);
    login(200, '203.0.113.7');
    expect(told()).toEqual([]);
  });

  it('goes on guessing while being told to wait', () => {
    const { login, told } = watching();
    login(401, '203.0.113.7', 5);
    login(429, '203.0.113.7', 5);
    expect(told()).toMatchObject([{ rule: 'guessing', count: 10 }]);
  });

  it('is critical news on coming in, and not any more ten minutes later', () => {
    const { login, told, time } = watching();
    login(401, 'a', 12);
    login(200, 'a');
    expect(told().map(({ rule }) => rule)).toEqual(['guessing', 'succeeded']);
    login(200, 'a', 5);
    expect(told()).toEqual([]);
    login(401, 'b', 12);
    time.at += 601_000;
    login(200, 'b');
    expect(told().map(({ rule }) => rule)).toEqual(['guessing']);
  });

  it('is many at once when ten and more share the guesses', () => {
    const { login, told } = watching();
    for (let n = 0; n < 70; n++) login(401, `198.51.100.${n % 30}`, 1, 100);
    expect(told()).toMatchObject([{ rule: 'spread', actor: 'several', count: 70 }]);
  });

  it('is not told of requests without an actor: a crowd would look like one', () => {
    const { watch, told } = watching();
    for (let n = 0; n < 50; n++) watch.see({ ...LOGIN, status: 401 });
    expect(told()).toEqual([]);
  });
});

it('tells a page that asks without a session apart from a sign-in', () => {
  const { watch, time, told } = watching();
  for (let n = 0; n < 100; n++) {
    time.at += 500;
    watch.see({ method: 'GET', route: '/me', target: '/me', status: 401, actor: 'a' });
  }
  expect(told()).toEqual([]);
});

it('counts answers of 429', () => {
  const { watch, time, told } = watching();
  for (let n = 0; n < 15; n++) {
    time.at += 100;
    watch.see({ method: 'GET', route: '/api', target: '/api', status: 429, actor: 'a' });
  }
  expect(told()).toMatchObject([{ family: 'rate-limit', rule: 'exceeded', count: 15 }]);
});

describe('an actor', () => {
  const tokens = (key: Uint8Array, at: number, actor: string) => {
    const watch = createAttackWatch({ key, now: () => 0, wallClock: () => at });
    watch.see({ ...LOGIN, target: '/login?next=<script>alert(1)</script>', status: 200, actor });
    return watch.take()?.sightings[0]?.actor;
  };

  it('is the same token all day on every process with the key, and another one tomorrow or under another key', () => {
    const today = tokens(KEY, DAY, '203.0.113.7');
    expect(today).toMatch(/^[0-9a-f]{16}$/);
    expect(tokens(KEY, DAY + 3_600_000, '203.0.113.7')).toBe(today);
    expect(tokens(KEY, DAY + 86_400_000, '203.0.113.7')).not.toBe(today);
    expect(tokens(new Uint8Array(32).fill(8), DAY, '203.0.113.7')).not.toBe(today);
    expect(tokens(KEY, DAY, '203.0.113.8')).not.toBe(today);
  });

  it.each([
    ['203.0.113.7', undefined, '203.0.113.7'],
    ['::ffff:203.0.113.7', undefined, '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', undefined, '2001:db8:1:2'],
    ['2001:db8:1:2::9', undefined, '2001:db8:1:2'],
    // A stranger's word on who it is counts nothing; a proxy of the house has seen the last of the list.
    ['203.0.113.7', '1.2.3.4', '203.0.113.7'],
    ['10.0.0.2', '1.2.3.4, 198.51.100.9', '198.51.100.9'],
    ['127.0.0.1', undefined, '127.0.0.1'],
    ['', '1.2.3.4', undefined],
  ])('at %j behind %j is %j', (address, forwarded, actor) => {
    expect(actorOf(address, forwarded)).toBe(actor);
  });
});

describe('a report', () => {
  const attack = (n: number): SeenRequest => ({
    method: 'GET',
    route: `/r${n}`,
    target: "/?q='%20or%201=1--",
    status: 200,
    actor: `a${n}`,
  });

  it('has at most 64 kinds, whoever changes routes and addresses all the time, and loses no count', () => {
    const { watch } = watching();
    for (let n = 0; n < 500; n++) watch.see(attack(n));
    const report = AttackReport.parse(watch.take());
    expect(report.sightings.length).toBeLessThanOrEqual(64);
    expect(report.sightings.reduce((sum, { count }) => sum + count, report.more)).toBe(500);
    expect(watch.take()).toBeUndefined();
    expect(watch.totals().attacks.get('sql-injection')).toBe(500);
  });

  it('says how the product answered', () => {
    const { watch } = watching();
    for (const status of [200, 302, 400, 404, 500]) watch.see({ ...attack(1), status });
    expect(watch.take()?.sightings).toMatchObject([{ count: 5, passed: 2, refused: 2, failed: 1 }]);
  });
});

it('never fails a request: what cannot be looked at is counted', () => {
  const { watch } = watching();
  const trap = new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error('a body that bites');
      },
    },
  );
  watch.see({ ...LOGIN, status: 200, body: trap });
  watch.see({
    ...LOGIN,
    status: 200,
    header: () => {
      throw new Error('headers that bite');
    },
  });
  expect(watch.totals()).toMatchObject({ requests: 2, errors: 2 });
});

it('looks at nothing when it is switched off, and at no body when bodies are', () => {
  const request = { ...LOGIN, status: 200, body: { user: "' or 1=1--" } };
  const off = createAttackWatch({ key: KEY, now: () => 0, enabled: false });
  off.see(request);
  expect(off.totals().requests).toBe(0);
  const bodies = createAttackWatch({ key: KEY, now: () => 0, bodies: false });
  bodies.see(request);
  expect(bodies.take()).toBeUndefined();
});

it('looks again at a header that it could not look at before', () => {
  const { watch } = watching();
  const agent = (name: string) => (name === 'user-agent' ? "x' or 1=1-- again" : undefined);
  const long = `/?${Array.from({ length: 120 }, (_, n) => `a${n}=(long+text+${n})`).join('&')}`;
  watch.see({ ...LOGIN, status: 200, target: long, header: agent });
  expect(watch.take()).toBeUndefined();
  watch.see({ ...LOGIN, status: 200, header: agent });
  expect(watch.take()?.sightings).toMatchObject([{ place: 'header user-agent' }]);
});
