import { sql } from 'kysely';
import { expect, it, onTestFinished } from 'vitest';
import { eachDatabase } from '../../../../test/services/databases.ts';
import { systemClock } from './clock.ts';
import { type Db, inTransaction } from './db.ts';
import { createJobs, type JobDefinition } from './jobs.ts';
import { silentLog } from './testing.ts';

async function hub(db: Db, holderId: string, enabled: (agent: JobDefinition['agent']) => boolean = () => true) {
  const jobs = createJobs({ db, clock: systemClock, log: silentLog, holderId, shared: true, enabled });
  onTestFinished(jobs.stop);
  const step = jobs.step({ name: 'security.take', agent: 'Security' });
  await jobs.start([]);
  return { jobs, step, seen: async () => (await jobs.list()).find(({ name }) => name === 'security.take') };
}
const note = (trx: Db, what: string) => sql`INSERT INTO notes (what) VALUES (${what})`.execute(trx);

eachDatabase((_name, open) => {
  async function notebook() {
    const { db } = await open();
    await sql`CREATE TABLE notes (what TEXT NOT NULL)`.execute(db);
    const notes = async () =>
      (await sql<{ what: string }>`SELECT what FROM notes ORDER BY what`.execute(db)).rows.map(({ what }) => what);
    return { db, notes };
  }

  it('a step that fails undoes its own part and nothing else, and is counted as its agent’s failure', async () => {
    const { db, notes } = await notebook();
    const { step, seen, jobs } = await hub(db, 'a');
    for (const text of ['first', 'second', 'third'])
      await inTransaction(db, async (trx) => {
        await note(trx, text);
        await step(trx, async (part) => {
          await note(part, 'undone');
          await sql`INSERT INTO nowhere VALUES (1)`.execute(part);
        });
        await note(trx, `${text} still`);
      });
    expect(await notes()).toEqual(['first', 'first still', 'second', 'second still', 'third', 'third still']);
    expect(await seen()).toMatchObject({
      agent: 'Security',
      runs: 3,
      failures: 3,
      failing: 3,
      schedule: 'as it happens',
    });
    expect((await seen())?.lastError).toContain('nowhere');
    expect(jobs.failing()).toEqual(['security.take']);
    await inTransaction(db, (trx) => step(trx, async (part) => void (await note(part, 'kept'))));
    expect(await notes()).toContain('kept');
    expect((await seen())?.lastError).toBeUndefined();
    expect(jobs.failing()).toEqual([]);
  });

  it('a race that was lost is the transaction’s own: it is tried again as a whole, and is no failure', async () => {
    const { db, notes } = await notebook();
    const { step, seen } = await hub(db, 'a');
    let tries = 0;
    await inTransaction(db, (trx) =>
      step(trx, async (part) => {
        await note(part, 'once');
        tries += 1;
        if (tries < 3) throw Object.assign(new Error('deadlock detected'), { code: '40P01' });
      }),
    );
    expect(await notes()).toEqual(['once']);
    expect(await seen()).toMatchObject({ runs: 1, failures: 0 });
  });

  it('a step of an agent that is off is not run', async () => {
    const { db, notes } = await notebook();
    const { step, seen } = await hub(db, 'a', (agent) => agent !== 'Security');
    await inTransaction(db, (trx) => step(trx, async (part) => void (await note(part, 'never'))));
    expect(await notes()).toEqual([]);
    expect(await seen()).toMatchObject({ enabled: false, runs: 0 });
  });

  it('what several hubs did is added up, also over a restart', async () => {
    const { db } = await notebook();
    const hubs = [await hub(db, 'a'), await hub(db, 'b')];
    for (const { step } of [...hubs, ...hubs]) await inTransaction(db, (trx) => step(trx, async () => undefined));
    for (const { jobs } of hubs) await jobs.stop();
    expect(await (await hub(db, 'c')).seen()).toMatchObject({ runs: 4, failures: 0 });
  });
});
