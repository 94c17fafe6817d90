import { expect, test } from 'vitest';
import { formatUsd } from './money.ts';

test.each([
  [null, '–'],
  [0, '$0'],
  [0.000012, '$0.000012'],
  [0.0034, '$0.0034'],
  [0.0099999, '$0.010'],
  [0.425, '$0.42'],
  [12, '$12.00'],
  [1234.4, '$1,234'],
])('%s is written %s', (usd, text) => {
  expect(formatUsd(usd)).toBe(text);
});
