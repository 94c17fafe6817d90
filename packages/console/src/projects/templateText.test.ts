import { expect, it } from 'vitest';
import { literalOf } from './templateText.ts';

it.each([
  ['order <*> was paid in <*> ms', 'was paid in'],
  ['all words', 'all words'],
  ['<*> <*>', ''],
])('%s', (template, text) => expect(literalOf(template)).toBe(text));
