import type { Kysely } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import type { Caller } from '../../access/index.ts';
import type { IntakeTables } from '../tables.ts';
import { project, room } from '../testing.ts';

/** Fault 10: each message three times, shuffled, some of them a day old. */
const SEEDS = 1000;
const HOUR = 3_600_000;

/** A small generator of numbers from a seed (mulberry32), so that a failure can be had again. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function shuffled<T>(list: readonly T[], next: () => number): T[] {
  const mixed = [...list];
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [mixed[i], mixed[j]] = [mixed[j] as T, mixed[i] as T];
  }
  return mixed;
}

/** What the hubs of one project say in a day, in the order of its own clock. */
function story(slug: string, next: () => number, now: number) {
  const times = Array.from({ length: 10 }, (_, i) => now - 24 * HOUR + i * 2 * HOUR + Math.floor(next() * HOUR));
  return times.map((at, i) => {
    const time = new Date(at).toISOString();
    const figure = () => Math.floor(next() * 100);
    const kinds = [
      [
        `hub.presence.h${Math.floor(next() * 2)}`,
        { projectSlug: slug, meshNs: `${slug}.mesh`, hubUrl: 'http://127.0.0.1:9', version: `1.${i}.0` },
      ],
      ['hub.health.h0', { status: 'healthy', latencyMs: figure(), degradedReasons: [], sampleAt: time }],
      ['audit.summary.status', { projectSlug: slug, ok: figure(), warn: figure(), fail: figure(), lastRun: time }],
      ['security.summary.status', { projectSlug: slug, vulnsCritical: figure(), vulnsHigh: 1, lastScan: time }],
      ['deploy.summary.status', { projectSlug: slug, envs: [], versions: [`1.${i}`], lastDeployedAt: time }],
    ] as const;
    const [subject, data] = kinds[Math.floor(next() * kinds.length)] ?? kinds[0];
    return { specversion: '1.0', id: `m-${i}`, source: 'test', type: `${slug}.mesh.${subject}`, time, data };
  });
}

test(`${SEEDS} stories told three times over and in any order leave the state that they leave when told once, in order`, async () => {
  const { database, opened } = await room(onTestFinished);
  const kit = opened();
  const slugs = Array.from({ length: SEEDS }, (_, seed) => [`clean-${seed}`, `mixed-${seed}`]).flat();
  await kit.intake.sync(slugs.map((slug) => project(slug, 'http://127.0.0.1:9', [])));
  const caller = (slug: string): Caller => ({ ...kit.me, kind: 'project', projects: [slug] });
  const now = Date.now();
  let repeated = 0;
  for (let seed = 0; seed < SEEDS; seed++) {
    await kit.intake.acceptEvents(caller(`clean-${seed}`), story(`clean-${seed}`, random(seed), now));
    const told = story(`mixed-${seed}`, random(seed), now);
    const next = random(seed + 1_000_000);
    const again = shuffled([...told, ...told, ...told], next);
    const cut = Math.floor(next() * again.length);
    for (const part of [again.slice(0, cut), again.slice(cut)])
      if (part.length > 0) repeated += (await kit.intake.acceptEvents(caller(`mixed-${seed}`), part)).duplicates;
  }
  expect(repeated).toBe(SEEDS * 20);
  const db = (database.db as unknown as Kysely<object>).withTables<IntakeTables>();
  const rows = await db
    .selectFrom('mesh_state')
    .select(['project', 'kind', 'source', 'at', 'event_id', 'payload'])
    .orderBy('project')
    .orderBy('kind')
    .orderBy('source')
    .execute();
  const states = new Map<string, string[]>();
  for (const { project: slug, ...row } of rows)
    states.set(slug, [...(states.get(slug) ?? []), JSON.stringify(row).replaceAll(slug, 'it')]);
  const keys = [
    'audit.ok',
    'audit.warn',
    'audit.fail',
    'security.vulns_critical',
    'deploy.last_deployed_at',
    'health.latency_ms',
  ];
  for (let seed = 0; seed < SEEDS; seed++) {
    expect(states.get(`mixed-${seed}`), `seed ${seed}`).toEqual(states.get(`clean-${seed}`));
    const figures = (slug: string) => Promise.all(keys.map((key) => kit.latest(slug, key)));
    // Its figures are read one by one: of every twentieth.
    if (seed % 20 === 0) expect(await figures(`mixed-${seed}`), `seed ${seed}`).toEqual(await figures(`clean-${seed}`));
  }
}, 120_000);
