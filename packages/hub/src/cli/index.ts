import { Command, CommanderError } from 'commander';
import { VERSION } from '../version.ts';
import { reportFailure } from './failure.ts';
import { EXIT, type Terminal } from './terminal.ts';

type Register = (program: Command, terminal: Terminal) => void;

/** In the order of the help: run it, look at it, change it. Only the command that is run is read: a hub needs no other for as long as it lives. */
const COMMANDS: Readonly<Record<string, () => Promise<Register>>> = {
  serve: async () => (await import('./commands/serve.ts')).registerServe,
  demo: async () => (await import('./commands/demo.ts')).registerDemo,
  doctor: async () => (await import('./commands/doctor.ts')).registerDoctor,
  status: async () => (await import('./commands/status.ts')).registerStatus,
  project: async () => (await import('./commands/project.ts')).registerProject,
  performance: async () => (await import('./commands/performance.ts')).registerPerformance,
  fed: async () => (await import('./commands/fed.ts')).registerFed,
  alerts: async () => (await import('./commands/alerts.ts')).registerAlerts,
  incidents: async () => (await import('./commands/incidents.ts')).registerIncidents,
  heal: async () => (await import('./commands/heal.ts')).registerHeal,
  autoheal: async () => (await import('./commands/autoheal.ts')).registerAutoheal,
  agents: async () => (await import('./commands/agents.ts')).registerAgents,
  forecasts: async () => (await import('./commands/forecasts.ts')).registerForecasts,
  patterns: async () => (await import('./commands/patterns.ts')).registerPatterns,
  drill: async () => (await import('./commands/drill.ts')).registerDrill,
  security: async () => (await import('./commands/security.ts')).registerSecurity,
  channels: async () => (await import('./commands/channels.ts')).registerChannels,
  routes: async () => (await import('./commands/routes.ts')).registerRoutes,
  silences: async () => (await import('./commands/silences.ts')).registerSilences,
  maintenance: async () => (await import('./commands/maintenance.ts')).registerMaintenance,
  rules: async () => (await import('./commands/rules.ts')).registerRules,
  ai: async () => (await import('./commands/ai.ts')).registerAi,
  keys: async () => (await import('./commands/keys.ts')).registerKeys,
  users: async () => (await import('./commands/users.ts')).registerUsers,
  tenants: async () => (await import('./commands/tenants.ts')).registerTenants,
  audit: async () => (await import('./commands/audit.ts')).registerAudit,
  mesh: async () => (await import('./commands/mesh.ts')).registerMesh,
  summary: async () => (await import('./commands/summary.ts')).registerSummary,
  config: async () => (await import('./commands/config.ts')).registerConfig,
  env: async () => (await import('./commands/env.ts')).registerEnv,
  'seed-admin': async () => (await import('./commands/seed-admin.ts')).registerSeedAdmin,
};

const FOOTER = `
Exit codes: 0 done · 1 failed, or found something · 2 a mistake in the input or configuration · 3 no hub answers · 4 not allowed
Commands that talk to a hub find the one of the data folder by themselves; --url with --key-file, or ORRERY_URL with ORRERY_API_KEY, name another.`;

/** The whole tree of commands, or the branch of the one that is named. They load what they need when they run, so that help is instant. */
export async function createProgram(terminal: Terminal, json: boolean, only = ''): Promise<Command> {
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
  const wanted = Object.hasOwn(COMMANDS, only) ? [COMMANDS[only]] : Object.values(COMMANDS);
  for (const register of await Promise.all(wanted.map((load) => load?.()))) register?.(program, terminal);
  return program;
}

/** Runs one command line and answers its exit code. */
export async function runCli(argv: readonly string[], terminal: Terminal): Promise<number> {
  const json = argv.includes('--json');
  const program = await createProgram(terminal, json, argv[0]);
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
