import { describe, expect, it } from 'vitest';
import { oneOf, parseSearch, readSort, someOf, stringifySearch, writeSort } from './search.ts';

describe('URL state', () => {
  it('comes back as it went, whatever the text holds', () => {
    const search = { q: 'a&b=c "d" ü+1', range: '6h', project: '123', status: 'open,acknowledged' };
    expect(parseSearch(stringifySearch(search))).toEqual(search);
  });
  it('is readable: no JSON, no quotes, commas and colons as they are', () => {
    expect(stringifySearch({ status: ['open', 'acknowledged'], from: '2026-11-21T10:00:00Z' })).toBe(
      '?status=open,acknowledged&from=2026-11-21T10:00:00Z',
    );
  });
  it('holds only what was chosen', () => {
    expect(stringifySearch({ q: undefined, level: '', live: false, tab: null })).toBe('');
  });
});

describe('reading it', () => {
  it('takes one of a list or nothing', () => {
    expect(oneOf('logs', ['metrics', 'logs'])).toBe('logs');
    expect(oneOf('constructor', ['metrics', 'logs'])).toBeUndefined();
  });
  it('takes several of a list in its own order, without repeats and strangers', () => {
    expect(someOf('b,x,a,b', ['a', 'b', 'c'])).toEqual(['a', 'b']);
    expect(someOf('x', ['a'])).toBeUndefined();
    expect(someOf(7, ['a'])).toBeUndefined();
  });
  it('reads a sort and its direction, and refuses what no column is called', () => {
    expect(readSort('-opened')).toEqual({ id: 'opened', desc: true });
    expect(readSort('name')).toEqual({ id: 'name', desc: false });
    expect(readSort('a; drop')).toBeUndefined();
    expect(writeSort(readSort('-opened'))).toBe('-opened');
  });
});
