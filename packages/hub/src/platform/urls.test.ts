import { describe, expect, test } from 'vitest';
import { maskUrl } from './urls.ts';

describe('a URL that is shown', () => {
  test.each([
    ['http://h.example/x?region=eu', 'http://h.example/x?region=eu'],
    ['http://ada:pw@h.example/x', 'http://***@h.example/x'],
    ['http://t0ken@h.example/x', 'http://***@h.example/x'],
    [
      'http://h.example/x?region=eu&access_token=t&X-Amz-Signature=s',
      'http://h.example/x?region=eu&access_token=***&X-Amz-Signature=***',
    ],
    ['postgres://ada:pw@h.example:5432/shop?sslmode=require', 'postgres://***@h.example:5432/shop?sslmode=require'],
    ['postgres://ada:p/w@a.example,b.example/shop', 'postgres://***@a.example,b.example/shop'],
    ['redis://:pw@h.example', 'redis://***@h.example'],
    ['no URL at all', 'no URL at all'],
  ])('%s is %s', (url, shown) => {
    expect(maskUrl(url)).toBe(shown);
  });

  test('as a target keeps no value of its query', () => {
    expect(maskUrl('http://ada:pw@h.example/x?region=eu&k=s3cret&k=again', { everyValue: true })).toBe(
      'http://***@h.example/x?region=***&k=***',
    );
  });
});
