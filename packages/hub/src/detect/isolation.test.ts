import { expect, test } from 'vitest';
import { isolatedHubs } from './isolation.ts';

const NOW = Date.parse('2026-03-10T12:00:00Z');
const hub = (name: string, since?: number) => ({
  id: `${name}:1`,
  name,
  ...(since === undefined ? {} : { isolation: { since, reason: 'this hub reaches none of its own targets (a:1)' } }),
});

test('each hub that has been isolated for some seconds is one finding of its own, and no other', () => {
  const findings = isolatedHubs(
    [hub('well'), hub('just', NOW - 1000), hub('long', NOW - 60_000), hub('too', NOW - 9000)],
    NOW,
  );
  expect(findings.map(({ title }) => title)).toEqual(['hub long is isolated', 'hub too is isolated']);
  expect(new Set(findings.map(({ fingerprint }) => fingerprint)).size).toBe(2);
  expect(findings[0]).toMatchObject({
    project: 'orrery',
    severity: 'critical',
    description:
      'Since 2026-03-10T11:59:00.000Z this hub reaches none of its own targets (a:1). What it does not reach meanwhile is unknown, not down.',
  });
});
