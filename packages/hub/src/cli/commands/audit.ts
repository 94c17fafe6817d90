import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { AuditRecord, AuditVerdict } from '@orrery/protocol';
import { type Command, InvalidArgumentError } from 'commander';
import { wholeNumber } from '../arguments.ts';
import { type ClientOptions, createClient, hubOptions } from '../client.ts';
import { inDatabase } from '../database.ts';
import { ago, createOutput, table } from '../output.ts';
import { CliError, EXIT, printable, type Terminal } from '../terminal.ts';

type Filter = {
  actor?: string;
  verb?: string;
  project?: string;
  target?: string;
  from?: string;
  to?: string;
  q?: string;
};
type Anchor = { seq: number; hash: string };
type VerifyOptions = { data?: string; json?: boolean; file?: string; part?: boolean; anchor?: Anchor };

export function registerAudit(program: Command, terminal: Terminal): void {
  const audit = program
    .command('audit')
    .description('Who did what, or was refused it; and whether the record is whole.')
    .helpCommand(false);
  filters(hubOptions(audit.command('list').description('The newest entries.')))
    .option('--limit <n>', 'how many', wholeNumber(1, 10_000), 50)
    .action(({ limit, ...options }: ClientOptions & Filter & { limit: number }) => list(options, limit, terminal));
  filters(hubOptions(audit.command('export').description('Print the entries as NDJSON, oldest first.'))).action(
    async (options: ClientOptions & Filter) =>
      void terminal.stdout.write(await createClient(options, terminal).text('/api/audit/export', filterOf(options))),
  );
  audit
    .command('verify')
    .description(
      'Walk the whole chain, straight in the database or in an exported file, and say where it first breaks.',
    )
    .option('--data <dir>', 'the data folder (ORRERY_DATA_DIR, else .orrery); ORRERY_DATABASE_URL for PostgreSQL')
    .option('--file <ndjson>', 'check an export instead of the database')
    .option('--part', 'the export is of a part: entries may be missing between others')
    .option('--anchor <seq:hash>', 'an entry that you kept elsewhere, which must still be the same', readAnchor)
    .option('--json', 'print JSON')
    .action((options: VerifyOptions) => verify(options, terminal));
}

const filters = (command: Command): Command =>
  command
    .option('--actor <id>', 'who, by id or name')
    .option('--verb <verb>', 'what, or its beginning: keys.create, keys; access.denied for refused attempts')
    .option('--project <slug>', 'in which project')
    .option('--target <id>', 'to what')
    .option('--from <time>', 'not before (2026-01-31T00:00:00Z)')
    .option('--to <time>', 'before')
    .option('--q <text>', 'words that stand anywhere in the entry');

const filterOf = ({ actor, verb, project, target, from, to, q }: Filter) => ({
  actor,
  verb,
  project,
  target,
  from,
  to,
  q,
});

function readAnchor(text: string): Anchor {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (seq === undefined || hash === undefined)
    throw new InvalidArgumentError('It must be the number of an entry and its hash, "17:9f86d0…".');
  return { seq: Number(seq), hash };
}

async function list(options: ClientOptions & Filter, limit: number, terminal: Terminal): Promise<void> {
  const output = createOutput(terminal, options);
  const items = await createClient(options, terminal).list<AuditRecord>('/api/audit', filterOf(options), limit);
  const now = Date.now();
  const rows = items.map((entry) => [
    String(entry.seq),
    ago(entry.at, now),
    printable(entry.actor.name),
    entry.ip ?? '',
    printable(entry.verb),
    printable(entry.target),
  ]);
  output.answer({ items }, () =>
    items.length === 0
      ? 'No such entries.'
      : table(['SEQ', 'WHEN', 'WHO', 'FROM', 'WHAT', 'TO WHAT'], rows, output.paint),
  );
}

async function verify(options: VerifyOptions, terminal: Terminal): Promise<void> {
  const output = createOutput(terminal, options);
  const verdict = await judge(options, terminal);
  output.answer(verdict, () =>
    verdict.ok
      ? `The audit trail is whole: ${verdict.entries} entries. The last one's hash is ${verdict.head}.`
      : `The audit trail is broken at entry ${verdict.seq}: ${verdict.reason}.`,
  );
  if (!verdict.ok) process.exitCode = EXIT.failure;
}

async function judge({ file, part, anchor, data }: VerifyOptions, terminal: Terminal): Promise<AuditVerdict> {
  const { verifyAudit, verifyExport } = await import('../../access/index.ts');
  if (file === undefined) return inDatabase({ data, sealed: false }, terminal, ({ db }) => verifyAudit(db, anchor));
  let text: string;
  try {
    text = readFileSync(resolve(terminal.cwd, file), 'utf8');
  } catch (error) {
    throw new CliError(EXIT.usage, `--file: ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  return verifyExport(text.split('\n'), { whole: part !== true, anchor });
}
