import { isObject, isReserved, line } from '../json.ts';
import type { CheckStatus, InstanceChecks } from './probe.ts';

export type HealthReading = { status: CheckStatus; reason?: string; checks?: InstanceChecks; version?: string };

const MAX_CHECKS = 100;
/** Our own words, those of `application/health+json`, and what plain health routes commonly say. */
const WORDS: Readonly<Record<CheckStatus, readonly string[]>> = {
  up: ['healthy', 'pass', 'ok', 'up', 'success', 'alive', 'running', 'available', 'serving', 'green'],
  degraded: ['degraded', 'warn', 'warning', 'yellow'],
  down: ['unhealthy', 'fail', 'failed', 'error', 'down', 'critical', 'unavailable', 'out_of_service', 'red'],
};
const MEANING = new Map(
  Object.entries(WORDS).flatMap(([status, words]) => words.map((word) => [word, status as CheckStatus])),
);
const meaning = (word: unknown): CheckStatus | undefined =>
  typeof word === 'string' ? MEANING.get(word.toLowerCase()) : undefined;

/**
 * Reads a health answer: ours, `application/health+json`, or a bare 2xx. `json` is the parsed body, undefined when it is no JSON;
 * `claimsJson` says whether it was sent as JSON.
 */
export function readHealth(answer: {
  status: number;
  json: unknown;
  claimsJson: boolean;
  bytes: number;
}): HealthReading {
  const { status, json } = answer;
  const good = status >= 200 && status < 300;
  const plain = `answered HTTP ${status}, expected 200–299`;
  if (!isObject(json)) {
    if (!good) return { status: 'down', reason: plain };
    if (!answer.claimsJson) return { status: 'up' };
    const what = json === undefined ? 'no valid JSON' : 'JSON that is no object';
    return {
      status: 'down',
      reason: `answered HTTP ${status} with ${what} (${answer.bytes} bytes), expected a health report`,
    };
  }
  const checks = readChecks(json.checks);
  const version = typeof json.version === 'string' ? line(json.version, 64) : '';
  const rest = { ...(checks ? { checks } : {}), ...(version ? { version } : {}) };
  const word = typeof json.status === 'string' ? line(json.status, 40) : undefined;
  const said = meaning(word);
  if (!good && said !== 'down')
    return { status: 'down', reason: said ? `${plain}, and says it is ${word}` : plain, ...rest };
  if (word === undefined || said === 'up') return { status: 'up', ...rest };
  if (said === undefined)
    return { status: 'degraded', reason: `says its status is "${word}", which is no known word`, ...rest };
  return { status: said, reason: `says it is ${word}${failing(checks)}`, ...rest };
}

function failing(checks: InstanceChecks | undefined): string {
  const bad = Object.entries(checks ?? {}).filter(([, check]) => !check.ok);
  if (bad.length === 0) return '';
  const named = bad.slice(0, 5).map(([name, { detail }]) => (detail ? `${name} (${line(detail, 80)})` : name));
  return `: ${named.join(', ')}${bad.length > 5 ? ` and ${bad.length - 5} more` : ''} failed`;
}

function readChecks(value: unknown): InstanceChecks | undefined {
  if (!isObject(value)) return undefined;
  const checks: InstanceChecks = {};
  for (const [key, entry] of Object.entries(value).slice(0, MAX_CHECKS)) {
    const name = line(key, 64);
    // health+json keeps a list of measurements under each name; the worst of them counts.
    const check = Array.isArray(entry) ? worst(entry) : readCheck(entry);
    if (check && name !== '' && !isReserved(name)) checks[name] = check;
  }
  return checks;
}

function worst(entries: readonly unknown[]): InstanceChecks[string] | undefined {
  const read = entries.slice(0, MAX_CHECKS).flatMap((entry) => readCheck(entry) ?? []);
  return read.find((check) => !check.ok) ?? read[0];
}

function readCheck(entry: unknown): InstanceChecks[string] | undefined {
  if (typeof entry === 'boolean') return { ok: entry };
  if (typeof entry === 'string') return { ok: meaning(entry) !== 'down' };
  if (!isObject(entry)) return undefined;
  const ok = typeof entry.ok === 'boolean' ? entry.ok : meaning(entry.status) !== 'down';
  const { latencyMs } = entry;
  const detail = [entry.detail, entry.output].find((text) => typeof text === 'string' && text !== '');
  return {
    ok,
    ...(typeof latencyMs === 'number' && Number.isFinite(latencyMs) && latencyMs >= 0 ? { latencyMs } : {}),
    ...(typeof detail === 'string' ? { detail: line(detail, 300) } : {}),
  };
}
