import type { Alert, FedProject, HubView, OpsHealth } from '@orrery/protocol';
import type { Command } from 'commander';
import { type ClientOptions, createClient, hubOptions } from '../client.ts';
import { ago, createOutput, latency, state, table } from '../output.ts';
import { EXIT, printable, type Terminal } from '../terminal.ts';

export function registerStatus(program: Command, terminal: Terminal): void {
  hubOptions(program.command('status').description('Projects, services and open alerts at a glance.'))
    .option('--check', 'exit 1 when a project is not online or a critical alert is open')
    .action(async (options: ClientOptions & { check?: boolean }) => {
      const client = createClient(options, terminal);
      const output = createOutput(terminal, options);
      const [projects, health, alerts, hubs] = await Promise.all([
        client.get<FedProject[]>('/api/fed/projects'),
        client.get<OpsHealth>('/ops/health', { history: 1 }),
        client.list<Alert>('/api/fed/alerts', { status: 'open,acknowledged' }, 10_000),
        client.get<{ items: HubView[] }>('/ops/hubs'),
      ]);
      const services = health.services.map(({ history: _, ...service }) => service);
      output.answer({ url: client.url, status: health.status, projects, services, alerts, hubs: hubs.items }, () =>
        describe({ projects, services, alerts, hubs: hubs.items }, output.paint),
      );
      const bad = projects.some(({ status }) => status !== 'online') || alerts.some(isCritical);
      if (options.check && bad) process.exitCode = EXIT.failure;
    });
}

const isCritical = ({ severity, status }: Alert) => severity === 'critical' && status === 'open';

type Seen = {
  projects: FedProject[];
  services: Omit<OpsHealth['services'][number], 'history'>[];
  alerts: Alert[];
  hubs: HubView[];
};

function describe({ projects, services, alerts, hubs }: Seen, paint: Parameters<typeof table>[2]): string {
  const now = Date.now();
  if (projects.length === 0) return 'No projects yet. Add the first: orrery project add https://your-product.example';
  const parts = [
    table(
      ['PROJECT', 'STATUS', 'LATENCY', 'SEEN', 'SERVICES', 'ALERTS'],
      projects.map((project) => {
        const own = services.filter((service) => service.project === project.slug);
        const up = own.filter((service) => service.status === 'up').length;
        const open = alerts.filter((alert) => alert.project === project.slug).length;
        return [
          project.slug,
          state(project.status, paint),
          latency(project.kpis.healthLatencyMs),
          ago(project.lastSeenAt, now),
          `${up}/${own.length} up`,
          open === 0 ? '–' : paint('red', String(open)),
        ];
      }),
      paint,
    ),
  ];
  const failing = services.filter(({ status }) => status !== 'up');
  if (failing.length > 0)
    parts.push(
      table(
        ['SERVICE', 'STATUS', 'SINCE', 'WHY'],
        failing.map(({ project, service, status, since, reason, kind }) => [
          `${project}/${service} (${kind})`,
          state(status, paint),
          ago(since, now),
          printable(reason ?? ''),
        ]),
        paint,
      ),
    );
  if (alerts.length > 0)
    parts.push(
      table(
        ['ALERT', 'SEVERITY', 'STATUS', 'SINCE', 'TITLE'],
        alerts.map(({ id, severity, status, createdAt, title, project }) => [
          id,
          state(severity, paint),
          state(status, paint),
          ago(createdAt, now),
          title.startsWith(project) ? printable(title) : `${project}: ${printable(title)}`,
        ]),
        paint,
      ),
    );
  else parts.push('No open alerts.');
  if (hubs.length > 1)
    parts.push(
      table(
        ['HUB', 'PROBES', 'SINCE', 'SEEN', 'ROLE'],
        hubs.map(({ name, probes, since, lastSeenAt, leader, isolated }) => [
          printable(name),
          String(probes),
          ago(since, now),
          ago(lastSeenAt, now),
          isolated ? paint('red', `isolated: ${printable(isolated.reason)}`) : leader ? 'judges' : '',
        ]),
        paint,
      ),
    );
  return parts.join('\n\n');
}
