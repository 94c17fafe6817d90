import type { Command } from 'commander';
import { inDatabase } from '../database.ts';
import { createOutput } from '../output.ts';
import { CliError, EXIT, readStdin, type Terminal } from '../terminal.ts';

type SeedOptions = { email?: string; name?: string; passwordStdin?: boolean; data?: string; json?: boolean };

export function registerSeedAdmin(program: Command, terminal: Terminal): void {
  program
    .command('seed-admin')
    .description('Make an administrator, straight in the database; the hub may run or not.')
    .option('--email <address>', 'who it is (ORRERY_ADMIN_EMAIL)')
    .option('--name <name>', 'the name that others read', 'Administrator')
    .option(
      '--password-stdin',
      'read the password from stdin (else ORRERY_ADMIN_PASSWORD, else one is made and shown once)',
    )
    .option('--data <dir>', 'the data folder (ORRERY_DATA_DIR, else .orrery)')
    .option('--json', 'print JSON')
    .action((options: SeedOptions) => seed(options, terminal));
}

async function seed(options: SeedOptions, terminal: Terminal): Promise<void> {
  const output = createOutput(terminal, options);
  const email = options.email ?? terminal.env.ORRERY_ADMIN_EMAIL?.trim();
  if (!email)
    throw new CliError(EXIT.usage, 'whose account? name it with --email or ORRERY_ADMIN_EMAIL', {
      hint: 'orrery seed-admin --email you@example.com',
    });
  const given = options.passwordStdin ? await readStdin(terminal.stdin) : terminal.env.ORRERY_ADMIN_PASSWORD;
  if (options.passwordStdin && !given) throw new CliError(EXIT.usage, '--password-stdin: stdin holds no password');
  const seeded = await make(options, terminal, { email, name: options.name, password: given || undefined });
  if (seeded.status === 'exists')
    throw new CliError(EXIT.failure, `${seeded.email} has an account already; its password was not touched`, {
      hint: 'sign in with it, or make another administrator with another address',
    });
  output.answer(seeded, () =>
    [
      `${seeded.email} can sign in as administrator.`,
      ...(seeded.password
        ? [`Password: ${seeded.password}`, 'It is shown only now: keep it in your password manager.']
        : []),
    ].join('\n'),
  );
}

async function make(
  options: SeedOptions,
  terminal: Terminal,
  input: { email: string; name: string | undefined; password: string | undefined },
) {
  const [{ createAccess, systemCaller }, { createSecrets }, { systemClock }, { createLog }] = await Promise.all([
    import('../../access/index.ts'),
    import('../../platform/secrets.ts'),
    import('../../platform/clock.ts'),
    import('../../platform/log.ts'),
  ]);
  return inDatabase({ data: options.data, sealed: true }, terminal, async ({ db }, config) => {
    const access = createAccess({
      db,
      clock: systemClock,
      log: createLog('error', terminal.stderr),
      secrets: createSecrets(
        config.masterKey.reveal(),
        config.previousMasterKeys.map((key) => key.reveal()),
      ),
      config: { publicUrl: config.publicUrl ?? 'http://127.0.0.1' },
      projectByIngestKey: async () => undefined,
      projectsOfTenant: async () => [],
      policy: () => ({ rbac: true, tiers: {} }),
    });
    try {
      return await access.seedAdmin(systemCaller('orrery seed-admin'), input);
    } finally {
      await access.close();
    }
  });
}
