import { type AlertNotification, ProjectDeclaration } from '@orrery/protocol';
import { onTestFinished } from 'vitest';
import type { OpenTestDatabase } from '../../../../../test/services/databases.ts';
import { startReceiver } from '../../../../../test/services/receiver.ts';
import { createEvents } from '../../events/index.ts';
import { systemClock } from '../../platform/clock.ts';
import type { Db } from '../../platform/db.ts';
import { silentLog } from '../../platform/testing.ts';
import type { Finding } from '../index.ts';
import type { AlertTables } from '../tables.ts';
import { alertsOn, movableClock, person } from '../testing.ts';

export const T = Date.UTC(2026, 10, 21, 4);

/** `{ api: ['performia/db'] }`: services with what they need, each probed every two seconds: known to be down after five. */
export const project = (slug: string, services: Record<string, string[]>, probed = true): ProjectDeclaration =>
  ProjectDeclaration.parse({
    slug,
    name: slug,
    hubUrl: 'http://127.0.0.1:1',
    services: Object.entries(services).map(([name, dependsOn]) => ({
      name,
      dependsOn,
      probes: probed
        ? [{ kind: 'http', url: 'http://127.0.0.1:1/', interval: '2s', timeout: '1s', failAfter: 2, recoverAfter: 2 }]
        : [],
    })),
  });

/** The `dependencyWait` and the time to follow of such services. */
export const WAIT = 5000;
export const FOLLOWING = 20_000;

/** `veria/api` is down; what it says of its recovery is told when that has lasted. */
export const down = (part: string, more: Partial<Finding> = {}): Finding => {
  const [slug = '', service] = part.split('/');
  return {
    fingerprint: `down ${part}`,
    detector: 'status',
    project: slug,
    ...(service === undefined ? {} : { service }),
    severity: 'critical',
    category: 'availability',
    title: `${part} is down`,
    description: 'no answer',
    autoFixable: false,
    observedAt: T,
    ...more,
  };
};

/** For tests: a room whose projects depend on each other, with a channel that everybody hears. */
export async function incidentRoom(open: OpenTestDatabase, projects: readonly ProjectDeclaration[]) {
  const { db, kind } = await open();
  const clock = movableClock(T);
  const receiver = await startReceiver();
  onTestFinished(receiver.close);
  const scope = projects.map(({ slug }) => slug);
  const hub = async (holderId: string, on: Db = db) => {
    const alerts = alertsOn(on, { clock, holderId });
    await alerts.syncChannels([
      { declaration: { name: 'ops', kind: 'webhook', url: receiver.url }, ref: 'orrery.yaml:3' },
    ]);
    alerts.syncProjects(projects);
    return alerts;
  };
  const alerts = await hub('hub-a');
  const q = db.withTables<AlertTables>();
  /** Everything of these parts fires, and nothing else, as the sweep sees it. */
  const firing = (parts: readonly (string | Finding)[], by = alerts) =>
    by.reconcile(
      parts.map((part) => ({ ...(typeof part === 'string' ? down(part) : part), observedAt: clock.now() })),
      { scope, at: clock.now(), whole: true },
    );
  return {
    db,
    kind,
    clock,
    alerts,
    hub,
    firing,
    scope,
    all: async () => (await alerts.list(person('eve'), { limit: 200 })).items,
    /** The newest alert of a part. */
    async of(part: string) {
      const found = (await alerts.list(person('eve'), { limit: 200 })).items.find(
        ({ project: slug, service }) => (service === undefined ? slug : `${slug}/${service}`) === part,
      );
      if (!found) throw new Error(`no alert of ${part}`);
      return found;
    },
    incidents: async () => (await alerts.incidents.list(person('eve'))).items,
    /** What waits in the outbox: what of it is due now and what is due later, in seconds from now. */
    async outbox() {
      const rows = await q.selectFrom('deliveries').selectAll().where('status', '=', 'pending').orderBy('id').execute();
      return rows
        .map(({ type, title, due_at }) => {
          const seconds = (due_at - clock.now()) / 1000;
          return `${type.replace('alert.', '')} ${title.replace(' is down', '')}${seconds > 0 ? ` in ${seconds} s` : ''}`;
        })
        .sort();
    },
    receiver,
    /** Sends what is due, and answers what arrived of it. */
    async deliver() {
      const before = receiver.taken().length;
      await alerts.deliver();
      return receiver
        .taken()
        .slice(before)
        .map(({ body }): AlertNotification => JSON.parse(body))
        .map(({ type, alert }) => `${type.replace('alert.', '')} ${alert.title.replace(' is down', '')}`)
        .sort();
    },
    happened: async (prefix = '') =>
      (await createEvents({ db, clock: systemClock, log: silentLog }).recent(person('eve'), { limit: 200 })).items
        .map(({ type }) => type)
        .filter((type) => type.startsWith(prefix))
        .reverse(),
  };
}
