import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../../test/services/until.ts';
import type { StoredProject } from './catalog/index.ts';
import { catalogOn, staff } from './catalog/testing.ts';
import { followProjects } from './follow-projects.ts';
import { silentLog as log, temporaryDatabase } from './platform/testing.ts';

/** A hub of two on one database that follows the catalog, and what it has taken up. */
async function house(everyMs: number) {
  const { db, close } = await temporaryDatabase();
  onTestFinished(close);
  const here = await catalogOn(db);
  const elsewhere = await catalogOn(db);
  const kit = { taken: [] as string[], takes: 0, failing: false, hold: Promise.resolve() };
  const following = followProjects({
    outbound: { setIdentities: () => undefined },
    catalog: here.catalog,
    intake: {
      async sync(projects: readonly StoredProject[]) {
        kit.takes++;
        const slugs = projects.map(({ slug }) => slug);
        await kit.hold;
        if (kit.failing) throw new Error('the database is away');
        kit.taken = slugs;
      },
    },
    detect: { sync: () => undefined },
    repair: { syncProjects: () => undefined },
    alerts: { syncProjects: () => undefined },
    defaults: () => [],
    log,
    everyMs,
  });
  onTestFinished(following.stop);
  here.catalog.onChange(following.soon);
  const add = (slug: string) =>
    elsewhere.catalog.add(staff, { hubUrl: `${elsewhere.base}/plain`, slug }, { dryRun: false });
  return { here, elsewhere, kit, following, add };
}

test('what another hub adds, replaces and removes is taken up here', async () => {
  const { elsewhere, kit, following, add } = await house(10);
  await following.now();
  await add('a');
  await until(() => kit.taken.includes('a'), { timeoutMs: 3000, what: 'the added project' });
  await elsewhere.catalog.remove(staff, 'a');
  await add('b');
  await until(() => kit.taken.join() === 'b', { timeoutMs: 3000, what: 'the other project' });
});

test('what could not be taken up is tried again', async () => {
  const { kit, here } = await house(10);
  kit.failing = true;
  await here.catalog.sync([here.declare('a')]);
  await until(() => kit.takes > 2, { timeoutMs: 3000, what: 'three tries' });
  kit.failing = false;
  await until(() => kit.taken.includes('a'), { timeoutMs: 3000, what: 'the project' });
});

test('an older reading never comes after a newer one', async () => {
  const { here, kit, following } = await house(60_000);
  const held = Promise.withResolvers<void>();
  kit.hold = held.promise;
  const first = following.now();
  await until(() => kit.takes === 1, { timeoutMs: 3000, what: 'the first reading' });
  kit.hold = Promise.resolve();
  const changed = here.catalog.sync([here.declare('a')]).then(() => following.now());
  held.resolve();
  await Promise.all([first, changed]);
  expect(kit.taken).toEqual(['a']);
});
