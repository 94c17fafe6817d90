import type { HealAttempt, HealControl, HealPolicyView } from '@orrery/protocol';
import type { Command } from 'commander';
import { wholeNumber } from '../arguments.ts';
import { type ClientOptions, createClient, hubOptions } from '../client.ts';
import { ago, createOutput, table } from '../output.ts';
import { printable, type Terminal } from '../terminal.ts';
import { registerSimulate } from './heal-simulate.ts';

type ListOptions = ClientOptions & { limit: number; project?: string };

export function registerHeal(program: Command, terminal: Terminal): void {
  const heal = program
    .command('heal')
    .description('Repair: what was tried and whether it helped; approve, deny, pause.')
    .helpCommand(false);
  hubOptions(heal.command('list').description('Heal attempts, newest first.'))
    .option('--project <slug>', 'only of this project')
    .option('--limit <n>', 'at most so many', wholeNumber(1, 10_000), 50)
    .action((options: ListOptions) => list(options, terminal));
  hubOptions(
    heal.command('policies').description('What may be done about which service, and what the guard says of it now.'),
  ).action((options: ClientOptions) => policies(options, terminal));
  for (const verb of ['approve', 'deny'] as const)
    hubOptions(
      heal
        .command(verb)
        .description(verb === 'approve' ? 'Let an attempt act that asks for it.' : 'Say no to an attempt that asks.'),
    )
      .argument('<id>', 'an id from `orrery heal list`')
      .option('--reason <text>', 'why, for the others')
      .action(async (id: string, { reason, ...options }: ClientOptions & { reason?: string }) => {
        const output = createOutput(terminal, options);
        const path = `/ops/autoheal/${encodeURIComponent(id)}/${verb}`;
        const body = verb === 'deny' ? { reason: reason ?? '' } : undefined;
        const attempt = await createClient(options, terminal).post<HealAttempt>(path, body);
        output.answer(attempt, () =>
          verb === 'approve'
            ? `${attempt.id} is approved: ${printable(attempt.remedy.text)}. See what comes of it: orrery heal list`
            : `${attempt.id} is refused.`,
        );
      });
  registerSimulate(heal, terminal);
  for (const verb of ['pause', 'resume'] as const)
    hubOptions(
      heal
        .command(verb)
        .description(verb === 'pause' ? 'The kill switch: nothing acts until it is resumed.' : 'Let repair act again.'),
    )
      .option('--reason <text>', 'why, for the others', '')
      .action(async ({ reason, ...options }: ClientOptions & { reason: string }) => {
        const control = await createClient(options, terminal).post<HealControl>(`/ops/heal/${verb}`, { reason });
        createOutput(terminal, options).answer(control, () => describeControl(control));
      });
}

const describeControl = ({ enabled, paused }: HealControl): string =>
  paused
    ? `Repair is paused by ${printable(paused.by)} since ${paused.at}${paused.reason ? `: ${printable(paused.reason)}` : ''}. Let go of it: orrery heal resume`
    : enabled
      ? 'Repair may act.'
      : 'Repair is not paused, and not enabled either: write `repair: { enabled: true }` into orrery.yaml.';

async function list({ limit, project, ...options }: ListOptions, terminal: Terminal): Promise<void> {
  const output = createOutput(terminal, options);
  const items = await createClient(options, terminal).list<HealAttempt>('/ops/autoheal', { project }, limit);
  const now = Date.now();
  output.answer({ items }, () =>
    items.length === 0
      ? 'Nothing was tried yet. `orrery heal policies` shows what may be.'
      : table(
          ['ID', 'WHEN', 'TARGET', 'REMEDY', 'OUTCOME', 'DETAIL'],
          items.map((attempt) => [
            attempt.id,
            ago(attempt.createdAt, now),
            `${attempt.target.project}/${attempt.target.service}`,
            printable(attempt.remedy.text),
            attempt.outcome ?? attempt.status,
            printable(attempt.detail ?? attempt.verdict),
          ]),
          output.paint,
        ),
  );
}

async function policies(options: ClientOptions, terminal: Terminal): Promise<void> {
  const output = createOutput(terminal, options);
  const client = createClient(options, terminal);
  const [{ items }, control] = await Promise.all([
    client.get<{ items: HealPolicyView[] }>('/ops/heal/policies'),
    client.get<HealControl>('/ops/heal/control'),
  ]);
  output.answer({ items, control }, () =>
    [
      describeControl(control),
      items.length === 0
        ? 'No policy is declared: see docs/healing.md.'
        : table(
            ['TARGET', 'POLICY', 'MODE', 'REMEDY', 'WEEK', 'NOW'],
            items.map((policy) => [
              `${policy.project}/${policy.service}`,
              policy.policy,
              policy.mode,
              printable(policy.remedy.text),
              policy.mode === 'dryRun' ? `would ${policy.wouldHave}×` : `${policy.healed} of ${policy.attempts} healed`,
              policy.verdict ? printable(policy.verdict.reason) : 'well',
            ]),
            output.paint,
          ),
    ].join('\n\n'),
  );
}
