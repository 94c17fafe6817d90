import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { figure } from '../services/figures.ts';
import { until } from '../services/until.ts';
import { WRITER } from './writer.child.ts';

/** Fault 14: the embedded database under kill -9 and power cuts in the middle of its writes. */
const LANES = 4;
const KILLS_PER_LANE = 25;

type Damage = 'none' | 'the end is gone' | 'the end is garbage';
/** A kill leaves what was written; after a power cut anything may stand where nothing was synced yet. */
const DAMAGES: readonly Damage[] = ['none', 'the end is gone', 'the end is garbage'];

test('a hundred kills while it writes, two thirds of them with the unsynced end of the log lost or scrambled', async () => {
  const lanes = await Promise.all(Array.from({ length: LANES }, (_, lane) => killAgainAndAgain(lane)));
  const sum = (of: keyof (typeof lanes)[number]) => lanes.reduce((total, lane) => total + lane[of], 0);
  figure(
    14,
    `kills: unopenable, of ${sum('acked')} acknowledged rows lost`,
    `${sum('unopenable')}, ${sum('lost')}`,
    '0, 0',
  );
  expect(sum('acked')).toBeGreaterThan(LANES * KILLS_PER_LANE);
  expect(sum('damaged')).toBeGreaterThan(0);
  expect({ unopenable: sum('unopenable'), lost: sum('lost') }).toEqual({ unopenable: 0, lost: 0 });
}, 120_000);

async function killAgainAndAgain(lane: number) {
  const folder = mkdtempSync(join(tmpdir(), 'orrery-kill-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const acked = new Set<number>();
  const outcome = { acked: 0, lost: 0, unopenable: 0, damaged: 0 };
  for (let kill = 0; kill < KILLS_PER_LANE; kill++) {
    const synced = await writeAndKill(folder, acked);
    const damage = DAMAGES[(kill + lane) % DAMAGES.length] ?? 'none';
    if (scramble(join(folder, 'orrery.db-wal'), synced, damage)) outcome.damaged++;
    const there = rowsOf(folder);
    if (there === undefined) outcome.unopenable++;
    outcome.lost = [...acked].filter((n) => !there?.has(n)).length;
  }
  return { ...outcome, acked: acked.size };
}

/** Runs the writer until some moment after its first commit; how many bytes of the log were synced with the last one that it told of. */
async function writeAndKill(folder: string, acked: Set<number>): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, WRITER, folder, String(Math.max(0, ...acked) + 1000)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => (out += chunk));
  child.stderr.on('data', (chunk) => (err += chunk));
  const exited = once(child, 'close');
  onTestFinished(() => void child.kill('SIGKILL'));
  await until(() => out.includes('\n') || child.exitCode !== null, {
    timeoutMs: 30_000,
    everyMs: 5,
    what: 'a first commit',
  });
  expect(err).toBe('');
  // The moment of the kill is the one thing that is left to chance.
  await wait(Math.random() * 30);
  child.kill('SIGKILL');
  await exited;
  let synced = 0;
  // The last line may be cut: only whole ones were acknowledged.
  for (const line of out.split('\n').slice(0, -1)) {
    const [n, size]: [number, number] = JSON.parse(line);
    acked.add(n);
    synced = Math.max(synced, size);
  }
  return synced;
}

/** Does to the log what a power cut may do beyond what was synced; whether there was anything beyond. */
function scramble(log: string, synced: number, damage: Damage): boolean {
  const size = statSync(log).size;
  if (damage === 'none') return false;
  if (damage === 'the end is garbage') writeFileSync(log, randomBytes(4096), { flag: 'a' });
  else truncateSync(log, synced + Math.floor(Math.random() * (size - synced + 1)));
  return damage === 'the end is garbage' || size > synced;
}

function rowsOf(folder: string): Set<number> | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(join(folder, 'orrery.db'));
    const [check] = database.prepare('PRAGMA integrity_check').all() as { integrity_check: string }[];
    if (check?.integrity_check !== 'ok') return undefined;
    return new Set((database.prepare('SELECT n FROM written').all() as { n: number }[]).map(({ n }) => n));
  } catch {
    return undefined;
  } finally {
    database?.close();
  }
}
