import { type Config, ConfigError, describeIssue, loadConfig } from '../../config/index.ts';
import { type ClientOptions, createClient } from '../client.ts';
import { CliError, type Terminal } from '../terminal.ts';
import { send } from '../transport.ts';
import type { Finding, Patient } from './types.ts';

type Options = ClientOptions & { config?: string; host?: string; port?: string };

/** Environment and file as a start would read them. */
export function environment(options: Options, { env, cwd }: Terminal): { config?: Config; findings: Finding[] } {
  const name = 'configuration';
  const { config: file, host, port, data } = options;
  try {
    const config = loadConfig({ env, cwd, flags: { config: file, host, port, data } });
    const warnings = config.warnings.map((issue): Finding => ({ name, status: 'warn', detail: describeIssue(issue) }));
    if (warnings.length > 0) return { config, findings: warnings };
    return { config, findings: [{ name, status: 'ok', detail: config.file.path ?? 'no file; the defaults' }] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return {
      findings: error.issues.map((issue) => ({
        name,
        status: 'fail',
        detail: describeIssue(issue),
        fix: 'correct it; nothing else can be looked at before',
      })),
    };
  }
}

/** Finds the running hub, if there is one. */
export async function patientOf(config: Config, options: Options, terminal: Terminal): Promise<Patient> {
  let url: string;
  try {
    url = createClient({ ...options, data: config.dataDir }, terminal).url;
  } catch (error) {
    if (error instanceof CliError) return { terminal, config, hub: undefined };
    throw error;
  }
  const answer = await send({ url: `${url}/health`, method: 'GET' }, 5000);
  if ('unreachable' in answer || answer.status !== 200) return { terminal, config, hub: undefined };
  const date = Date.parse(answer.headers.date ?? '');
  return { terminal, config, hub: { url, dateSkewMs: Number.isNaN(date) ? null : Date.now() - date } };
}
