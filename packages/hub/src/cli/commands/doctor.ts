import type { Command } from 'commander';
import type { Check, Finding, Patient } from '../checkup/types.ts';
import type { ClientOptions } from '../client.ts';
import { createOutput, state } from '../output.ts';
import { EXIT, printable, type Terminal } from '../terminal.ts';

type DoctorOptions = ClientOptions & { config?: string; host?: string; port?: string };

export function registerDoctor(program: Command, terminal: Terminal): void {
  program
    .command('doctor')
    .description('Look for what is wrong, each with its fix: environment, ports, database, clock, reachability.')
    .option('--config <file>', 'the configuration file (ORRERY_CONFIG, else orrery.yaml where there is one)')
    .option('--host <host>', 'as for serve')
    .option('--port <port>', 'as for serve')
    .option('--data <dir>', 'the data folder (ORRERY_DATA_DIR, else .orrery)')
    .option('--url <url>', 'look at this hub (ORRERY_URL; else the one that runs on the data folder)')
    .option('--json', 'print JSON')
    .action((options: DoctorOptions) => doctor(options, terminal));
}

async function doctor(options: DoctorOptions, terminal: Terminal): Promise<void> {
  const output = createOutput(terminal, options);
  const found: Finding[] = [];
  const report = (findings: readonly Finding[]) => {
    found.push(...findings);
    if (output.json) return;
    for (const { name, status, detail, fix } of findings) {
      output.line(
        `${state(status, output.paint).padEnd(status.length)}${' '.repeat(6 - status.length)}${name.padEnd(14)} ${printable(detail)}`,
      );
      if (fix && status !== 'ok') output.line(`${' '.repeat(21)}${output.paint('cyan', 'fix:')} ${fix}`);
    }
  };
  report([runtime()]);
  const [{ environment, patientOf }, { folder }, { database }, { clock, hub, projects }, { routes }] =
    await Promise.all([
      import('../checkup/environment.ts'),
      import('../checkup/folder.ts'),
      import('../checkup/database.ts'),
      import('../checkup/reach.ts'),
      import('../checkup/routes.ts'),
    ]);
  const { config, findings } = environment(options, terminal);
  report(findings);
  if (config) {
    const patient = await patientOf(config, options, terminal);
    for (const check of [folder, hub, database, clock, projects, routes]) report(await examine(check, patient));
  }
  const failed = found.filter(({ status }) => status === 'fail').length;
  const warned = found.filter(({ status }) => status === 'warn').length;
  if (output.json) output.answer({ ok: failed === 0, checks: found }, () => '');
  else
    output.line(
      failed === 0
        ? `\n${warned === 0 ? 'All is well.' : `Nothing is broken; ${warned} to look at.`}`
        : `\n${failed} to correct.`,
    );
  if (failed > 0) process.exitCode = EXIT.failure;
}

/** A check that itself fails is a finding, and the others still run. */
async function examine(check: Check, patient: Patient): Promise<Finding[]> {
  try {
    return await check(patient);
  } catch (error) {
    return [{ name: check.name, status: 'fail', detail: error instanceof Error ? error.message : String(error) }];
  }
}

function runtime(): Finding {
  const version = process.versions.node;
  const enough = Number(version.split('.')[0]) >= 24;
  return enough
    ? { name: 'node', status: 'ok', detail: version }
    : { name: 'node', status: 'fail', detail: version, fix: 'run `npm ci`, which brings Node 24, or install it' };
}
