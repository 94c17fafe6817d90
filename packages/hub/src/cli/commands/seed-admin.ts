import type { Command } from 'commander';
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
  const seeded = await inDatabase(options, terminal, { email, name: options.name, password: given || undefined });
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

async function inDatabase(
  { data }: SeedOptions,
  { env, cwd, stderr }: Terminal,
  input: { email: string; name: string | undefined; password: string | undefined },
) {
  const [
    { loadConfig },
    { openDatabase },
    { migrate },
    { createAccess, systemCaller },
    { createSecrets },
    { systemClock },
    { createLog },
  ] = await Promise.all([
    import('../../config/index.ts'),
    import('../../platform/db.ts'),
    import('../../platform/migrate.ts'),
    import('../../access/index.ts'),
    import('../../platform/secrets.ts'),
    import('../../platform/clock.ts'),
    import('../../platform/log.ts'),
  ]);
  // The file has no say here: a mistake in it must not lock the administrator out.
  // The same goes for a half-set pair of admin variables: this command is told who it is about.
  const { ORRERY_ADMIN_EMAIL: _, ORRERY_ADMIN_PASSWORD: __, ...rest } = env;
  const config = loadConfig({ env: rest, cwd, flags: { data }, withoutFile: true });
  const masterKey = config.masterKey.reveal();
  const url = config.databaseUrl?.reveal();
  const database = await openDatabase({ dataDir: config.dataDir, ...(url ? { url } : {}) });
  try {
    await migrate(database.db, database.kind);
    const access = createAccess({
      db: database.db,
      clock: systemClock,
      log: createLog('error', stderr),
      secrets: createSecrets(masterKey),
      config: { publicUrl: config.publicUrl ?? 'http://127.0.0.1' },
      projectByIngestKey: async () => undefined,
    });
    try {
      return await access.seedAdmin(systemCaller('orrery seed-admin'), input);
    } finally {
      await access.close();
    }
  } finally {
    await database.close();
  }
}
