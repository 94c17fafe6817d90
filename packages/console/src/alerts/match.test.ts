import { expect, it } from 'vitest';
import { listOf, matchInWords } from './match.ts';

it.each([
  [{}, 'everything'],
  [{ projects: ['veria'] }, 'project veria'],
  [{ projects: ['a', 'b'], severities: ['critical'] }, 'project a or b, severity critical'],
  [{ projects: [], titles: ['*disk*'] }, 'title *disk*'],
])('%j is %s', (match, words) => expect(matchInWords(match)).toBe(words));

it.each([
  [null, undefined],
  ['  ', undefined],
  ['veria', ['veria']],
  [' veria, performia ,', ['veria', 'performia']],
])('%j is %j', (text, list) => expect(listOf(text)).toEqual(list));
