import { describe, expect, it } from 'vitest';
import { safeNext } from './next.ts';

describe('where a sign-in leads', () => {
  it.each(['/', '/alerts?status=open', '/projects/veria?tab=logs#x'])('goes on to our own %s', (path) => {
    expect(safeNext(path)).toBe(path);
  });
  it.each([
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '/a\nb',
    'javascript:alert(1)',
    '/admin/login?next=/alerts',
    '/setup?token=x',
    '',
    undefined,
  ])('does not follow %j', (next) => expect(safeNext(next)).toBe('/'));
});
