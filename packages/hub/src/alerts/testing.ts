import type { Permission } from '@orrery/protocol';
import { ROLE_PERMISSIONS } from '@orrery/protocol';
import { audit, type Caller } from '../access/index.ts';
import { createEvents } from '../events/index.ts';
import { type Clock, systemClock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { createOutbound, type Outbound } from '../platform/outbound.ts';
import { silentLog } from '../platform/testing.ts';
import { type AlertsDeps, createAlerts, type Finding } from './index.ts';

/** The engine that rules run on, to be measured beside what decides without one. */
export { Environment } from '@marcbachmann/cel-js';

/** For tests: the room on a database, with the real events, audit trail and way out. */
export function alertsOn(db: Db, overrides: Partial<AlertsDeps> = {}) {
  const clock = overrides.clock ?? systemClock;
  const events = createEvents({ db, clock, log: silentLog });
  return createAlerts({
    db,
    clock,
    log: silentLog,
    outbound: overrides.outbound ?? openOutbound(),
    holderId: 'hub-a',
    publicUrl: 'http://console.test',
    appendEvents: events.append,
    audit,
    ...overrides,
  });
}

let shared: Outbound | undefined;
/** One way out for all tests of a file; loopback is allowed. */
export function openOutbound(): Outbound {
  shared ??= createOutbound({ clock: systemClock, allowPrivate: true });
  return shared;
}

export const finding = (overrides: Partial<Finding> = {}): Finding => ({
  fingerprint: 'fp-1',
  detector: 'threshold',
  project: 'veria',
  service: 'api',
  severity: 'critical',
  category: 'performance',
  title: 'Error rate above 5',
  description: 'performance.error_rate is 7.2, above 5 for 1 m',
  recommendation: 'Look at the last deploy.',
  autoFixable: false,
  observedAt: 1_000,
  ...overrides,
});

/** A signed-in person with a role, who sees these projects. */
export const person = (
  name: string,
  role: 'viewer' | 'operator' | 'admin' = 'operator',
  projects: Caller['projects'] = 'all',
): Caller => ({
  kind: 'user',
  id: `usr_${name}`,
  name,
  role,
  permissions: new Set<Permission>(ROLE_PERMISSIONS[role]),
  projects,
  tenant: null,
});

/** Wall time that a test moves; timers go on. */
export function movableClock(start = Date.UTC(2026, 10, 21, 4)): Clock & { move(ms: number): void } {
  let now = start;
  return {
    now: () => now,
    monotonic: systemClock.monotonic,
    move(ms) {
      now += ms;
    },
  };
}
