import type { SecurityIncident, SecurityPosture } from '@orrery/protocol';
import { type Command, Option } from 'commander';
import { wholeNumber } from '../arguments.ts';
import { type ClientOptions, createClient, hubOptions } from '../client.ts';
import { ago, createOutput, state, table } from '../output.ts';
import { printable, type Terminal } from '../terminal.ts';

type ListOptions = ClientOptions & { project?: string; family?: string; state: string; limit: number };

export function registerSecurity(program: Command, terminal: Terminal): void {
  const security = program
    .command('security')
    .description('Attacks on products and on the hub, and how each project stands.')
    .helpCommand(false);
  hubOptions(security.command('list').description('Security incidents, those seen last first.'))
    .option('--project <slug>', 'only of this project')
    .option('--family <family>', 'only of this kind: sql-injection, xss, brute-force, …')
    .addOption(new Option('--state <state>', 'only these').choices(['active', 'ended', 'all']).default('all'))
    .option('--limit <n>', 'at most so many', wholeNumber(1, 10_000), 50)
    .action((options: ListOptions) => list(options, terminal));
  hubOptions(
    security.command('posture').description('Vulnerabilities, scans, audits and attacks of each project.'),
  ).action((options: ClientOptions) => posture(options, terminal));
  hubOptions(security.command('show').description('One security incident.'))
    .argument('<id>', 'an id from `orrery security list`')
    .action(async (id: string, options: ClientOptions) => {
      const output = createOutput(terminal, options);
      const client = createClient(options, terminal);
      const incident = await client.get<SecurityIncident>(`/api/security/${encodeURIComponent(id)}`);
      output.answer(incident, () => describe(incident, Date.now()));
    });
}

async function list(
  { project, family, state: wanted, limit, ...options }: ListOptions,
  terminal: Terminal,
): Promise<void> {
  const output = createOutput(terminal, options);
  const query = { project, family, state: wanted === 'all' ? undefined : wanted };
  const items = await createClient(options, terminal).list<SecurityIncident>('/api/security', query, limit);
  const now = Date.now();
  output.answer({ items }, () =>
    items.length === 0
      ? 'No such incidents. Products with the SDK are looked through by themselves; see docs/attack-detection.md.'
      : table(
          ['ID', 'SEVERITY', 'STATE', 'LAST', 'PROJECT', 'TIMES', 'ACTOR', 'SEEN AS'],
          items.map((one) => [
            one.id,
            state(one.severity, output.paint),
            one.state,
            ago(one.lastAt, now),
            one.project,
            String(one.total),
            one.actor,
            printable(one.shape),
          ]),
          output.paint,
        ),
  );
}

function describe(one: SecurityIncident, now: number): string {
  return [
    `${one.id}  ${one.severity}, ${one.state}`,
    `${one.project}: ${printable(one.shape)}`,
    `by ${one.actor}, ${one.total} times: ${one.passed} answered with success, ${one.refused} refused, ${one.failed} failed`,
    `first ${one.firstAt} (${ago(one.firstAt, now)}), last ${one.lastAt} (${ago(one.lastAt, now)})`,
    `in each of the last 24 hours: ${one.hours.join(' ')}`,
  ].join('\n');
}

async function posture(options: ClientOptions, terminal: Terminal): Promise<void> {
  const output = createOutput(terminal, options);
  const { items } = await createClient(options, terminal).get<{ items: SecurityPosture[] }>('/api/security/posture');
  const now = Date.now();
  const number = (value: number | null) => (value === null ? '–' : String(value));
  output.answer({ items }, () =>
    items.length === 0
      ? 'No project is declared.'
      : table(
          ['PROJECT', 'CRITICAL', 'HIGH', 'LAST SCAN', 'AUDITS OK/WARN/FAIL', 'ATTACKS 24H', 'ACTIVE', 'LAST ATTACK'],
          items.map((one) => [
            one.project,
            number(one.vulnsCritical),
            number(one.vulnsHigh),
            ago(one.lastScanAt, now),
            [one.auditsOk, one.auditsWarn, one.auditsFail].map(number).join('/'),
            one.inspected ? String(Object.values(one.attacks).reduce((sum, count) => sum + count, 0)) : 'not looked at',
            String(one.activeIncidents),
            ago(one.lastAttackAt, now),
          ]),
          output.paint,
        ),
  );
}
