import { expect, test } from 'vitest';
import { createCrowd } from './limits.ts';

test('so many of one caller at once, others beside it, and room again for each that leaves', () => {
  const crowd = createCrowd(2);
  const first = crowd.enter('loud');
  const second = crowd.enter('loud');
  expect(first && second).toBeTruthy();
  expect(crowd.enter('loud')).toBeUndefined();
  expect(crowd.enter('calm')).toBeTruthy();
  first?.();
  const third = crowd.enter('loud');
  expect(third).toBeTruthy();
  expect(crowd.enter('loud')).toBeUndefined();
});
