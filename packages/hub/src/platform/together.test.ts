import { expect, test } from 'vitest';
import { until } from '../../../../test/services/until.ts';
import { createTogether } from './together.ts';

/** Groups of names that end when they are told to. */
function workshop(limits: { most?: number; perKey?: number; inAll?: number; expected?: () => number } = {}) {
  const groups: string[][] = [];
  const ends: ((error?: Error) => void)[] = [];
  const together = createTogether<string, string>({
    run(items) {
      groups.push([...items]);
      return new Promise((resolve, reject) =>
        ends.push((error) => (error ? reject(error) : resolve(items.map((item) => `${item}!`)))),
      );
    },
    weight: () => 1,
    isShared: (error) => (error as Error).message === 'the disk is full',
    ...{ most: 3, perKey: 10, inAll: 100, ...limits },
  });
  const end = async (error?: Error) => {
    await until(() => ends.length > 0, { what: 'a group that is under way' });
    ends.shift()?.(error);
  };
  return { together, groups, end };
}

test('what comes in at once is settled together, one of each in turn', async () => {
  const { together, groups, end } = workshop();
  const loud = Array.from({ length: 6 }, (_, n) => together.add('loud', `loud-${n}`));
  const others = [together.add('calm', 'calm-0'), together.add('quiet', 'quiet-0')];
  for (let n = 0; n < 3; n++) await end();
  expect(await Promise.all(others)).toEqual(['calm-0!', 'quiet-0!']);
  expect(await Promise.all(loud)).toEqual(Array.from({ length: 6 }, (_, n) => `loud-${n}!`));
  expect(groups).toEqual([
    ['loud-0', 'calm-0', 'quiet-0'],
    ['loud-1', 'loud-2', 'loud-3'],
    ['loud-4', 'loud-5'],
  ]);
  expect(together.waiting()).toBe(0);
});

test('what waits is bounded, for each and in all, and says when to come again', async () => {
  const { together, end } = workshop({ perKey: 2, inAll: 3 });
  const taken = [together.add('a', '1'), together.add('a', '2')];
  await expect(together.add('a', '3')).rejects.toMatchObject({ code: 'rate_limited', retryAfter: 1 });
  taken.push(together.add('b', '4'));
  await expect(together.add('c', '5')).rejects.toMatchObject({ code: 'rate_limited' });
  await end();
  expect(await Promise.all(taken)).toEqual(['1!', '2!', '4!']);
});

test('a group that fails is done one by one, and only the guilty one fails', async () => {
  const { together, groups, end } = workshop();
  const settled = Promise.allSettled(['good', 'bad', 'fine'].map((name) => together.add(name, name)));
  await end(new Error('bad is bad'));
  await end();
  await end(new Error('bad is bad'));
  await end();
  expect((await settled).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(groups).toEqual([['good', 'bad', 'fine'], ['good'], ['bad'], ['fine']]);
});

test('what is nobody’s fault is not tried again for each', async () => {
  const { together, groups, end } = workshop();
  const settled = Promise.allSettled(['a', 'b'].map((name) => together.add(name, name)));
  await end(new Error('the disk is full'));
  expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(groups).toHaveLength(1);
});

test('a group gathers while more are expected, goes when all of them are there, and waits for nobody for long', async () => {
  let expected = 3;
  const { together, groups, end } = workshop({ expected: () => expected });
  const first = together.add('a', '1');
  await new Promise(setImmediate);
  const all = [first, together.add('b', '2'), together.add('c', '3')];
  await end();
  expect(await Promise.all(all)).toEqual(['1!', '2!', '3!']);
  // Two of three never come.
  const alone = together.add('a', '4');
  await end();
  await alone;
  expected = 1;
  const lone = together.add('a', '5');
  await end();
  await lone;
  expect(groups).toEqual([['1', '2', '3'], ['4'], ['5']]);
});
