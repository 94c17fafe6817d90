import type { Alert, Diagnosis, Incident, IncidentDetail } from '@orrery/protocol';
import { type Command, Option } from 'commander';
import { wholeNumber } from '../arguments.ts';
import { type ClientOptions, createClient, hubOptions } from '../client.ts';
import { ago, createOutput, type Output, state, table } from '../output.ts';
import { printable, type Terminal } from '../terminal.ts';
import { describeDiagnosis } from './diagnosis.ts';

type ListOptions = ClientOptions & { status: string; project?: string; limit: number };

export function registerIncidents(program: Command, terminal: Terminal): void {
  const incidents = program
    .command('incidents')
    .description('List incidents: alerts with one probable cause; show one, or say that somebody is on it.')
    .helpCommand(false);
  hubOptions(incidents.command('list').description('Incidents, newest first.'))
    .addOption(new Option('--status <status>', 'only these').choices(['open', 'resolved', 'all']).default('open'))
    .option('--project <slug>', 'only with alerts of this project')
    .option('--limit <n>', 'at most so many', wholeNumber(1, 10_000), 100)
    .action((options: ListOptions) => list(options, terminal));
  hubOptions(incidents.command('show').description('One incident: why its alerts are one, and which they are.'))
    .argument('<id>', 'an id from `orrery incidents list`')
    .action(async (id: string, options: ClientOptions) => {
      const output = createOutput(terminal, options);
      const client = createClient(options, terminal);
      const incident = await client.get<IncidentDetail>(`/ops/incidents/${encodeURIComponent(id)}`);
      output.answer(incident, () => describe(incident, output));
    });
  hubOptions(
    incidents.command('diagnose').description('Why it happened: gathers the evidence again and ranks the causes.'),
  )
    .argument('<id>', 'an id from `orrery incidents list`')
    .option('--all', 'also the evidence that no cause cites')
    .action(async (id: string, { all = false, ...options }: ClientOptions & { all?: boolean }) => {
      const output = createOutput(terminal, options);
      const client = createClient(options, terminal);
      const diagnosis = await client.post<Diagnosis>(`/api/incidents/${encodeURIComponent(id)}/diagnose`);
      output.answer(diagnosis, () => describeDiagnosis(diagnosis, all));
    });
  hubOptions(incidents.command('ack').description('Say that somebody looks after all of its open alerts.'))
    .argument('<id...>', 'ids from `orrery incidents list`')
    .action(async (ids: string[], options: ClientOptions) => {
      const client = createClient(options, terminal);
      const output = createOutput(terminal, options);
      const changed: Incident[] = [];
      for (const id of ids) {
        const { alerts: _, ...incident } = await client.post<IncidentDetail>(
          `/ops/incidents/${encodeURIComponent(id)}/acknowledge`,
        );
        changed.push(incident);
        if (!output.json) output.line(`${incident.id} acknowledged: ${printable(incident.title)}`);
      }
      if (output.json) output.answer({ items: changed }, () => '');
    });
}

async function list({ status, project, limit, ...options }: ListOptions, terminal: Terminal): Promise<void> {
  const client = createClient(options, terminal);
  const output = createOutput(terminal, options);
  const wanted = { status: status === 'all' ? undefined : status, project };
  const items = await client.list<Incident>('/ops/incidents', wanted, limit);
  output.answer({ items }, () => {
    if (items.length === 0) return 'No such incidents.';
    const now = Date.now();
    return table(
      ['ID', 'SEVERITY', 'STATUS', 'SINCE', 'OPEN', 'PROJECTS', 'ROOT'],
      items.map((incident) => [
        incident.id,
        state(incident.severity, output.paint),
        state(incident.status, output.paint),
        ago(incident.startedAt, now),
        `${incident.openAlerts} of ${incident.alertIds.length}`,
        incident.projects.length > 3
          ? `${incident.projects.slice(0, 3).join(', ')} and ${incident.projects.length - 3} more`
          : incident.projects.join(', '),
        printable(incident.title),
      ]),
      output.paint,
    );
  });
}

function describe(incident: IncidentDetail, { paint }: Output): string {
  const now = Date.now();
  const alerts = table(
    ['ID', 'SEVERITY', 'STATUS', 'PROJECT', 'SINCE', 'TITLE'],
    incident.alerts.map((alert) => [
      alert.id,
      state(alert.severity, paint),
      state(alert.status, paint),
      alert.service ? `${alert.project}/${alert.service}` : alert.project,
      ago(alert.createdAt, now),
      `${printable(alert.title)}${noteOf(alert, incident)}`,
    ]),
    paint,
  );
  const head = `${incident.id} ${state(incident.severity, paint)} ${state(incident.status, paint)} began ${ago(incident.startedAt, now)}`;
  return [head, printable(incident.title), printable(incident.reason), '', alerts].join('\n');
}

function noteOf({ id, inhibitedBy }: Alert, { rootAlertId }: Incident): string {
  if (id === rootAlertId) return ' (root)';
  return inhibitedBy === undefined ? '' : ' (nobody is told)';
}
