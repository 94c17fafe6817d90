import { describe, expect, it } from 'vitest';
import { suggest } from './suggest.ts';

describe('a misspelt word', () => {
  const words = ['interval', 'timeout', 'failAfter', 'recoverAfter', 'url', 'above', 'below'];
  const cases: [word: string, meant: string | undefined][] = [
    ['intervl', 'interval'],
    ['itnerval', 'interval'],
    ['Timeout', 'timeout'],
    ['failafter', 'failAfter'],
    ['recoveryAfter', 'recoverAfter'],
    ['ur', 'url'],
    ['wifi', undefined],
    ['x'.repeat(5000), undefined],
  ];
  for (const [word, meant] of cases)
    it(`${word.slice(0, 20)} ${meant ? `means ${meant}` : 'means nothing that is known'}`, () => {
      expect(suggest(word, words)).toBe(meant);
    });
});
