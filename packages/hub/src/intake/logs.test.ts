import { afterAll, beforeAll, expect, it } from 'vitest';
import { temporaryDatabase } from '../platform/testing.ts';
import { createLogKeeper, logLinesAfter } from './logs.ts';

let database: Awaited<ReturnType<typeof temporaryDatabase>>;
beforeAll(async () => {
  database = await temporaryDatabase();
});
afterAll(() => database.close());

it('hands on lines that have settled, in their order, and waits at the first one that has not', async () => {
  const { db } = database;
  const keeper = createLogKeeper();
  const now = Date.parse('2026-11-20T12:00:00Z');
  const write = (message: string, ago: number) =>
    keeper.store(
      db,
      { project: 'veria', service: 'api' },
      [{ at: now - ago, level: 1, message, fields: null }],
      now - ago,
    );
  await write('first', 10_000);
  await write('second', 9000);
  await write('of another hub, just now', 1000);
  await write('third', 8000);
  const messages = async (at: number, limit = 10) =>
    (await logLinesAfter(db, at, 0, limit)).map(({ message }) => message);
  expect(await messages(now)).toEqual(['first', 'second']);
  expect(await messages(now + 3000)).toEqual(['first', 'second', 'of another hub, just now', 'third']);
  expect(await messages(now + 3000, 1)).toEqual(['first']);
  // After the clock was set back, what seems to come from the future waits for nothing.
  expect(await messages(now - 3_600_000)).toHaveLength(4);
});
