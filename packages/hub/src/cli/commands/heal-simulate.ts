import { resolve } from 'node:path';
import type { HealPolicy, HealSimulation, HealSimulationInput, SimulatedPolicy } from '@orrery/protocol';
import type { Command } from 'commander';
import { type ClientOptions, createClient, hubOptions } from '../client.ts';
import { createOutput, span, table } from '../output.ts';
import { CliError, EXIT, printable, type Terminal } from '../terminal.ts';

type Options = ClientOptions & { days: number; project?: string; config?: string; details?: boolean };

/** `orrery heal simulate`: what policies would have done with the past. */
export function registerSimulate(heal: Command, terminal: Terminal): void {
  hubOptions(
    heal
      .command('simulate')
      .description('What the policies would have done with the alerts of the last days. Nothing is done.'),
  )
    .option('--days <n>', 'so many days back, at most 90', days, 7)
    .option('--project <slug>', 'only of this project')
    .option('--config <file>', 'the policies and limits of this file, in place of those in force')
    .option('--details', 'each time, and what became of the alert')
    .action((options: Options) => simulate(options, terminal));
}

function days(text: string): number {
  const value = Number(text);
  if (!(value >= 0.04 && value <= 90)) throw new CliError(EXIT.usage, '--days must be a number from 0.04 to 90');
  return value;
}

async function simulate(options: Options, terminal: Terminal): Promise<void> {
  const { days: back, project, config, details, ...client } = options;
  const output = createOutput(terminal, client);
  const proposed = config === undefined ? {} : await readProposed(config, terminal);
  const simulation = await createClient(client, terminal).post<HealSimulation>('/api/heal/simulate', {
    days: back,
    ...(project === undefined ? {} : { project }),
    ...proposed,
  });
  output.answer(simulation, () => describe(simulation, details === true, output.paint));
}

/** What a file proposes, without what only the act would need: no secret leaves this machine. */
async function readProposed(
  path: string,
  terminal: Terminal,
): Promise<Pick<HealSimulationInput, 'policies' | 'limits'>> {
  const { ConfigError, readConfigFile } = await import('../../config/index.ts');
  const { file, issues } = readConfigFile(resolve(terminal.cwd, path), terminal.env);
  if (!file) throw new ConfigError(issues);
  const policies = file.projects.flatMap(({ declaration }) =>
    declaration.services.flatMap(({ name, heal }) =>
      (heal ?? []).map((policy) => ({ project: declaration.slug, service: name, policy: withoutSecrets(policy) })),
    ),
  );
  return { policies, limits: file.repair };
}

/** Nothing of a remedy that may be a secret: by its name, or as a part of an address. */
function withoutSecrets({ rollback: _, ...policy }: HealPolicy): HealPolicy {
  const kept = Object.entries(policy.remedy).flatMap(([name, value]) => {
    if (/secret|password|token|tls|params/i.test(name)) return [];
    const url = typeof value === 'string' && value.includes('://') ? URL.parse(value) : null;
    if (!url) return [[name, value]];
    const { protocol, host } = url;
    return [[name, `${protocol}//${host}/`]];
  });
  return { ...policy, remedy: Object.fromEntries(kept) as HealPolicy['remedy'] };
}

const times = (n: number) => (n === 1 ? 'once' : n === 2 ? 'twice' : `${n} times`);
const KINDS = { act: 'act', approve: 'ask', suggest: 'suggest', person: 'leave it to a person' } as const;

/** `would act 4 times, ask once` */
function saidOf({ acts }: SimulatedPolicy): string {
  const parts = (Object.keys(KINDS) as (keyof typeof KINDS)[]).flatMap((kind) => {
    const n = acts.filter((act) => act.kind === kind).length;
    return n === 0 ? [] : [`${KINDS[kind]} ${times(n)}`];
  });
  return parts.length === 0 ? 'nothing' : parts.join(', ');
}

function describe(
  { from, to, policies, assumes }: HealSimulation,
  details: boolean,
  paint: ReturnType<typeof createOutput>['paint'],
): string {
  if (policies.length === 0) return 'There is no policy to simulate: see docs/healing.md.';
  const rows = policies.map((policy) => [
    `${policy.project}/${policy.service}`,
    policy.policy,
    String(policy.alerts),
    saidOf(policy),
    policy.refused.map(({ reason, alerts }) => `${printable(reason)} (${alerts})`).join('; ') || '–',
  ]);
  const lines = [
    `From ${from} to ${to}, it would have done:`,
    table(['TARGET', 'POLICY', 'ALERTS', 'WOULD', 'KEPT FROM IT BY (ALERTS)'], rows, paint),
  ];
  if (details)
    for (const policy of policies.filter(({ acts }) => acts.length > 0))
      lines.push(
        `${policy.project}/${policy.service}, ${policy.policy}: ${printable(policy.remedy.text)}`,
        table(
          ['AT', 'WOULD', 'BECAUSE', 'ALERT', 'WHAT BECAME OF IT'],
          policy.acts.map((act) => [
            act.at,
            KINDS[act.kind],
            printable(act.reason),
            printable(act.title),
            act.endedAfterMs === null
              ? `open for ${span(act.openForMs)}`
              : `ended ${span(act.endedAfterMs)} later, ${span(act.openForMs)} in all`,
          ]),
          paint,
        ),
      );
  lines.push(`Taken for granted: ${assumes.join('; ')}.`);
  return lines.join('\n\n');
}
