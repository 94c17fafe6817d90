import { Command, CommanderError } from 'commander';
import { VERSION } from '../version.ts';
import { registerAgents } from './commands/agents.ts';
import { registerAi } from './commands/ai.ts';
import { registerAlerts } from './commands/alerts.ts';
import { registerAudit } from './commands/audit.ts';
import { registerAutoheal } from './commands/autoheal.ts';
import { registerChannels } from './commands/channels.ts';
import { registerConfig } from './commands/config.ts';
import { registerDemo } from './commands/demo.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerDrill } from './commands/drill.ts';
import { registerEnv } from './commands/env.ts';
import { registerFed } from './commands/fed.ts';
import { registerForecasts } from './commands/forecasts.ts';
import { registerHeal } from './commands/heal.ts';
import { registerIncidents } from './commands/incidents.ts';
import { registerKeys } from './commands/keys.ts';
import { registerMaintenance } from './commands/maintenance.ts';
import { registerMesh } from './commands/mesh.ts';
import { registerPatterns } from './commands/patterns.ts';
import { registerPerformance } from './commands/performance.ts';
import { registerProject } from './commands/project.ts';
import { registerRoutes } from './commands/routes.ts';
import { registerRules } from './commands/rules.ts';
import { registerSecurity } from './commands/security.ts';
import { registerSeedAdmin } from './commands/seed-admin.ts';
import { registerServe } from './commands/serve.ts';
import { registerSilences } from './commands/silences.ts';
import { registerStatus } from './commands/status.ts';
import { registerSummary } from './commands/summary.ts';
import { registerTenants } from './commands/tenants.ts';
import { registerUsers } from './commands/users.ts';
import { reportFailure } from './failure.ts';
import { EXIT, type Terminal } from './terminal.ts';

/** In the order of the help: run it, look at it, change it. */
const COMMANDS = [
  registerServe,
  registerDemo,
  registerDoctor,
  registerStatus,
  registerProject,
  registerPerformance,
  registerFed,
  registerAlerts,
  registerIncidents,
  registerHeal,
  registerAutoheal,
  registerAgents,
  registerForecasts,
  registerPatterns,
  registerDrill,
  registerSecurity,
  registerChannels,
  registerRoutes,
  registerSilences,
  registerMaintenance,
  registerRules,
  registerAi,
  registerKeys,
  registerUsers,
  registerTenants,
  registerAudit,
  registerMesh,
  registerSummary,
  registerConfig,
  registerEnv,
  registerSeedAdmin,
] as const;

const FOOTER = `
Exit codes: 0 done · 1 failed, or found something · 2 a mistake in the input or configuration · 3 no hub answers · 4 not allowed
Commands that talk to a hub find the one of the data folder by themselves; --url with --key-file, or ORRERY_URL with ORRERY_API_KEY, name another.`;

/** The whole tree of commands. They load what they need when they run, so that help is instant. */
export function createProgram(terminal: Terminal, json: boolean): Command {
  const program = new Command('orrery')
    .description('A self-hosted operations centre for a federation of products.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print what a command does and takes')
    .helpCommand(false)
    .showHelpAfterError(json ? false : '(add --help for what it takes)')
    .addHelpText('after', FOOTER)
    .configureOutput({
      writeOut: (text) => void terminal.stdout.write(text),
      writeErr: (text) => void terminal.stderr.write(text),
      // The JSON form is written once, by reportFailure.
      outputError: (text, write) => (json ? undefined : write(text)),
    })
    .exitOverride();
  for (const register of COMMANDS) register(program, terminal);
  return program;
}

/** Runs one command line and answers its exit code. */
export async function runCli(argv: readonly string[], terminal: Terminal): Promise<number> {
  const json = argv.includes('--json');
  const program = createProgram(terminal, json);
  try {
    if (argv.length === 0) {
      program.outputHelp({ error: true });
      return EXIT.usage;
    }
    await program.parseAsync(argv, { from: 'user' });
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version end this way too. A group without its command shows its help, which is an answer to a mistake.
      if (error.exitCode === 0) return EXIT.ok;
      if (json)
        terminal.stderr.write(
          `${JSON.stringify({ error: error.message.replace(/^error: /, ''), exitCode: EXIT.usage })}\n`,
        );
      return EXIT.usage;
    }
    return reportFailure(error, terminal, json);
  }
}
