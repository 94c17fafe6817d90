import { type Access, systemCaller } from './access/index.ts';
import type { Actions } from './actions/index.ts';
import type { createAccounts, openGateway } from './ai/index.ts';
import type { Alerts } from './alerts/index.ts';
import type { Analysis } from './analysis/index.ts';
import type { Catalog } from './catalog/index.ts';
import type { FileConfig } from './config/index.ts';
import type { Detect, Performance } from './detect/index.ts';
import type { DiagnosisRoom } from './diagnosis/index.ts';
import type { Events } from './events/index.ts';
import type { Intake } from './intake/index.ts';
import type { Learning } from './learning/index.ts';
import { defineJob, type JobDefinition } from './platform/jobs.ts';
import type { createKafka } from './platform/kafka.ts';
import type { Tracer } from './platform/tracing.ts';
import type { Repair } from './repair/index.ts';
import type { Samples } from './samples/index.ts';

const HOUR = 3_600_000;

type Rooms = {
  access: Pick<Access, 'sweep' | 'settleMails'>;
  accounts: Pick<ReturnType<typeof createAccounts>, 'expire'>;
  actions: Pick<Actions, 'expire'>;
  alerts: Pick<Alerts, 'expire' | 'rules'>;
  analysis: Pick<Analysis, 'run' | 'expire'>;
  catalog: Pick<Catalog, 'expireEdges'>;
  detect: Pick<Detect, 'expire' | 'forecasts'>;
  diagnosis: Pick<DiagnosisRoom, 'expire'>;
  events: Pick<Events, 'expire'>;
  gateway: Pick<ReturnType<typeof openGateway>, 'expireLeads'>;
  intake: Pick<Intake, 'expire' | 'runOnce'>;
  kafka: ReturnType<typeof createKafka>;
  learning: Pick<Learning, 'expire'>;
  performances: Pick<Performance, 'expire'>;
  repair: Pick<Repair, 'expire'>;
  samples: Pick<Samples, 'rollup' | 'expire'>;
  tracing: Tracer;
};

/** The jobs that no room has by itself: rolling up, forgetting, and what serverless schedulers would ask for. */
export function hubJobs(rooms: Rooms, file: () => FileConfig): JobDefinition[] {
  const {
    access,
    accounts,
    actions,
    alerts,
    analysis,
    catalog,
    detect,
    diagnosis,
    events,
    gateway,
    intake,
    kafka,
    learning,
    performances,
    repair,
    samples,
    tracing,
  } = rooms;
  return [
    defineJob({
      name: 'access.mails',
      agent: 'Hub',
      schedule: { everyMs: 15_000 },
      timeoutMs: 60_000,
      run: () => access.settleMails(),
    }),
    defineJob({
      name: 'samples.rollup',
      agent: 'Monitor',
      schedule: { everyMs: 60_000 },
      timeoutMs: 50_000,
      run: ({ signal }) =>
        tracing.span(
          'fed.aggregate.metrics',
          { 'fed.step': 'roll up' },
          async () => void (await samples.rollup(signal)),
        ),
    }),
    defineJob({
      name: 'retention',
      agent: 'Hub',
      schedule: { everyMs: HOUR / 6 },
      timeoutMs: HOUR / 6,
      run: async ({ signal }) => {
        await samples.expire(file().retention, signal);
        await intake.expire(file().retention.checks);
        await detect.expire();
        await performances.expire();
        await catalog.expireEdges();
        await actions.expire(file().retention.events);
        await events.expire(file().retention.events);
        await alerts.expire(file().retention.hour);
        await alerts.rules.expire();
        await accounts.expire();
        await gateway.expireLeads(file().aiAccounts.retention.leads);
        await diagnosis.expire(file().retention.hour);
        await repair.expire(file().retention.hour);
        await learning.expire();
        await analysis.expire(file().retention.hour);
        await access.sweep();
      },
    }),
    ...(kafka.enabled
      ? [
          defineJob({
            name: 'kafka.deliver',
            agent: 'Hub',
            schedule: { everyMs: 1000 },
            timeoutMs: 60_000,
            run: ({ signal }) => kafka.deliver(signal),
          }),
        ]
      : []),
    defineJob({
      name: 'forecast.run',
      agent: 'Predictive',
      schedule: { everyMs: HOUR / 12 },
      timeoutMs: HOUR / 4,
      run: async ({ signal }) => void (await detect.forecasts.run(signal)),
    }),
    // The same as the routes for serverless schedulers; they run by themselves here.
    defineJob({
      name: 'ecosystem-monitor',
      agent: 'Monitor',
      schedule: { cron: '*/15 * * * *' },
      timeoutMs: 120_000,
      run: async ({ signal }) => void (await intake.runOnce(systemCaller('ecosystem-monitor'), undefined, signal)),
    }),
    defineJob({
      name: 'ai-analyze',
      agent: 'Learning',
      schedule: { cron: '0 6 * * *' },
      timeoutMs: 600_000,
      run: async ({ signal }) => void (await analysis.run(systemCaller('ai-analyze'), signal)),
    }),
  ];
}
