import { describe, expect, it } from 'vitest';
import { toCsv } from './export.ts';

describe('toCsv', () => {
  it('quotes what needs quotes and doubles quotes within', () => {
    expect(toCsv(['a', 'b'], [['x,y', 'say "hi"\nthere']])).toBe('a,b\r\n"x,y","say ""hi""\nthere"\r\n');
  });
  it('leaves numbers and booleans bare and absent values empty', () => {
    expect(toCsv(['a', 'b', 'c', 'd'], [[-1.5, true, null, undefined]])).toBe('a,b,c,d\r\n-1.5,true,,\r\n');
  });
  it.each(['=cmd()', '+1', '-1', '@x', '\tx'])('disarms %j, which a spreadsheet would run', (text) => {
    expect(toCsv(['a'], [[text]])).toBe(`a\r\n'${text}\r\n`);
  });
});
