import { type Command, Option } from 'commander';
import type { Config, Issue } from '../../config/index.ts';
import { hubLog } from '../log.ts';
import { createOutput } from '../output.ts';
import { stopOnSignals } from '../stop.ts';
import type { Terminal } from '../terminal.ts';

type ServeOptions = {
  config?: string;
  host?: string;
  port?: string;
  data?: string;
  scope?: string;
  logLevel?: string;
  json?: boolean;
};

export function registerServe(program: Command, terminal: Terminal): void {
  program
    .command('serve')
    .description('Run the hub until SIGTERM or SIGINT.')
    .option('--config <file>', 'the configuration file (ORRERY_CONFIG, else orrery.yaml where there is one)')
    .option('--host <host>', 'address to listen on (ORRERY_HOST, else 127.0.0.1)')
    .option('--port <port>', 'port to listen on, 0 for a free one (ORRERY_PORT, else 5400)')
    .option('--data <dir>', 'the data folder (ORRERY_DATA_DIR, else .orrery)')
    .addOption(new Option('--scope <scope>', 'many projects, or one').choices(['meta', 'project']))
    .option('--log-level <level>', 'trace, debug, info, warn, error, fatal or silent (ORRERY_LOG_LEVEL, else info)')
    .option('--json', 'first line on stdout {"listening": url}; logs as JSON lines on stderr')
    .action((options: ServeOptions) => serve(options, terminal));
}

async function serve(options: ServeOptions, terminal: Terminal): Promise<void> {
  const { json, ...flags } = options;
  const { describeIssue, loadConfig } = await import('../../config/index.ts');
  const config = loadConfig({ env: terminal.env, flags, cwd: terminal.cwd });
  const log = await hubLog(config.logLevel, terminal, json === true);
  for (const warning of config.warnings) warn(warning, describeIssue);
  const { startHub } = await import('../../hub.ts');
  const hub = await startHub(config, { log });
  const stopping = stopOnSignals(hub, log);
  // What the start needed and nothing needs again is a tenth of a hub at rest; the engine would keep it for good.
  const { collectAtRest } = await import('../../platform/rest.ts');
  const collect = () => globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  collect();
  const stopCollecting = collectAtRest(collect);
  if (json) {
    terminal.stdout.write(`${JSON.stringify({ listening: hub.url })}\n`);
    if (hub.setupUrl) terminal.stdout.write(`${JSON.stringify({ setup: hub.setupUrl })}\n`);
  } else welcome(config, hub, terminal);
  await stopping;
  stopCollecting();

  function warn({ source, field, line, reason }: Issue, say: typeof describeIssue): void {
    log.warn({ field, line }, say({ source, field, reason, ...(line === undefined ? {} : { line }) }));
  }
}

function welcome(config: Config, hub: { url: string; setupUrl?: string }, terminal: Terminal): void {
  const { paint, line } = createOutput(terminal, {});
  const count = config.file.projects.length;
  line();
  line(`  ${paint('bold', 'Orrery')} is running at ${paint('cyan', config.publicUrl ?? hub.url)}`);
  line(
    `  ${paint('dim', `${count === 1 ? '1 project' : `${count} projects`} declared in ${config.file.path ?? 'no file'}, data in ${config.dataDir}`)}`,
  );
  line();
  if (hub.setupUrl) {
    line('  Nobody can sign in yet. Open this link once, within a day, to make your account:');
    line(`  ${paint('cyan', hub.setupUrl)}`);
    line();
  }
  if (count === 0)
    line('  Add your first product from another terminal: orrery project add https://your-product.example');
  line(`  ${paint('dim', 'Ctrl+C stops it.')}`);
  line();
}
