import type { SecurityPosture } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import { standing } from './words.ts';

const NOW = Date.parse('2026-11-27T12:00:00Z');
const CLEAN: SecurityPosture = {
  project: 'veria',
  vulnsCritical: 0,
  vulnsHigh: 0,
  lastScanAt: '2026-11-27T06:00:00Z',
  auditsOk: 4,
  auditsWarn: 0,
  auditsFail: 0,
  lastAuditAt: null,
  inspected: true,
  attacks: {},
  activeIncidents: 0,
  lastAttackAt: null,
};

describe('the standing of a project', () => {
  it.each([
    ['Clean', {}],
    ['Critical vulnerabilities', { vulnsCritical: 1, activeIncidents: 2 }],
    ['Under attack', { activeIncidents: 1, vulnsHigh: 3 }],
    ['Findings', { vulnsHigh: 1 }],
    ['Findings', { auditsFail: 1 }],
    ['Never scanned', { lastScanAt: null, vulnsCritical: null, vulnsHigh: null }],
    ['Scan is old', { lastScanAt: '2026-11-01T00:00:00Z' }],
    ['Clean', { lastScanAt: '2026-11-01T00:00:00Z', lastAuditAt: '2026-11-27T00:00:00Z' }],
  ])('is %s with %j', (word, more) => {
    expect(standing({ ...CLEAN, ...more }, NOW).word).toBe(word);
  });
});
