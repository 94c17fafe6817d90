import { describe, expect, test } from 'vitest';
import { isDeeper, parseShallowJson } from './json.ts';

describe('the depth of a JSON text', () => {
  test.each([
    ['[[[]]]', 3, false],
    ['[[[]]]', 2, true],
    ['{"a":{"b":[]}}', 3, false],
    ['{"a":{"b":[]}}', 2, true],
    ['["[[[[[[","{{{{"]', 1, false],
    ['["\\"[[[[", "\\\\", [1]]', 2, false],
    ['["\\"[[[[", "\\\\", [1]]', 1, true],
    ['[],[],[],[]', 1, false],
    ['["open', 1, false],
  ])('%s is deeper than %i: %s', (text, limit, deeper) => {
    expect(isDeeper(text, limit)).toBe(deeper);
  });

  test('a text of brackets is refused without the memory that it asks for', () => {
    const text = '['.repeat(2_000_000) + ']'.repeat(2_000_000);
    const before = process.memoryUsage().rss;
    expect(parseShallowJson(text)).toBeUndefined();
    expect(process.memoryUsage().rss - before).toBeLessThan(32 * 1024 * 1024);
  });

  test('what is shallow is parsed, what is none is undefined', () => {
    expect(parseShallowJson('{"a":[1,{"b":"]"}]}')).toEqual({ a: [1, { b: ']' }] });
    expect(parseShallowJson('{"a":')).toBeUndefined();
    expect(parseShallowJson(`{"text":"${'x'.repeat(1000)}"}`)).toEqual({ text: 'x'.repeat(1000) });
  });
});
