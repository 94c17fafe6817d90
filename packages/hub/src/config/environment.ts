import { FORMATS, type Reading } from './formats.ts';
import type { Issue } from './issue.ts';
import { weakness } from './strength.ts';
import { suggest } from './suggest.ts';
import { VARIABLE_NAMES, VARIABLES, type Variable, type VariableName } from './variables.ts';

export type Environment = Readonly<Record<string, string | undefined>>;
export type EnvironmentValues = { readonly [Name in VariableName]?: string | number | boolean | string[] };
export type EnvironmentReading = {
  /** Read and converted; absent when unset or wrong. Defaults are filled in. */
  values: EnvironmentValues;
  issues: Issue[];
  /** Nothing that stops a start on this machine alone, but worth a word. */
  warnings: Issue[];
  /** Which variables are set (to something else than the empty text). */
  set: ReadonlySet<VariableName>;
};

/** The value of a variable that is a text; undefined when it is absent. */
export const textOf = (values: EnvironmentValues, name: VariableName): string | undefined => {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
};

const source = 'environment';
const PREFIX = 'ORRERY_';

/** Reads and checks every variable of the table. A weak secret is a mistake when `production`, and a warning otherwise. */
export function readEnvironment(env: Environment, options: { production?: boolean } = {}): EnvironmentReading {
  const values: Partial<Record<VariableName, string | number | boolean | string[]>> = {};
  const issues: Issue[] = [];
  const warnings: Issue[] = [];
  const set = new Set<VariableName>();
  for (const name of VARIABLE_NAMES) {
    const variable = VARIABLES[name];
    const text = env[name]?.trim() ?? '';
    if (text !== '') set.add(name);
    const given = text === '' ? variable.default : text;
    if (given === undefined) continue;
    const reading: Reading = FORMATS[variable.kind](given);
    if ('reason' in reading) {
      issues.push({ source, field: name, reason: reading.reason });
      continue;
    }
    values[name] = reading.ok;
    const { minBytes }: Variable = variable;
    const weak = set.has(name) && minBytes !== undefined ? weakness(text, minBytes) : undefined;
    if (weak) (options.production ? issues : warnings).push({ source, field: name, reason: weak });
  }
  (options.production ? issues : warnings).push(...twins(env));
  issues.push(...halves(set), ...misspelt(env));
  return { values, issues, warnings, set };
}

/** Secrets of our own making that are used twice: who learns one would hold both. */
function twins(env: Environment): Issue[] {
  const first = new Map<string, string>();
  return VARIABLE_NAMES.flatMap((name) => {
    const { secret, minBytes }: Variable = VARIABLES[name];
    const text = env[name]?.trim() ?? '';
    if (!secret || minBytes === undefined || text === '') return [];
    const twin = first.get(text);
    if (twin !== undefined) return [{ source, field: name, reason: `is the same as ${twin}; each needs its own` }];
    first.set(text, name);
    return [];
  });
}

const TOGETHER: readonly (readonly [VariableName, VariableName])[] = [
  ['ORRERY_ADMIN_EMAIL', 'ORRERY_ADMIN_PASSWORD'],
  ['ORRERY_TLS_CERT', 'ORRERY_TLS_KEY'],
  ['ORRERY_CLIENT_CERT', 'ORRERY_CLIENT_KEY'],
];

function halves(set: ReadonlySet<VariableName>): Issue[] {
  const issues = TOGETHER.flatMap(([one, other]) => {
    if (set.has(one) === set.has(other)) return [];
    const [present, absent] = set.has(one) ? [one, other] : [other, one];
    return [{ source, field: absent, reason: `is missing: ${present} is set, and the two go together` }];
  });
  if (set.has('ORRERY_TLS_CLIENT_CA') && !set.has('ORRERY_TLS_CERT'))
    issues.push({ source, field: 'ORRERY_TLS_CERT', reason: 'is missing: ORRERY_TLS_CLIENT_CA asks for TLS' });
  return issues;
}

/** Names under our own prefix that mean nothing: most likely a typing error, whose effect would be silence. */
function misspelt(env: Environment): Issue[] {
  const own = VARIABLE_NAMES.filter((name) => name.startsWith(PREFIX)).map((name) => name.slice(PREFIX.length));
  return Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && env[name] !== '' && !(name in VARIABLES))
    .flatMap((name) => {
      const meant = suggest(name.slice(PREFIX.length), own);
      if (meant === undefined) return [];
      return [{ source, field: name, reason: `is no variable of Orrery; did you mean ${PREFIX}${meant}?` }];
    });
}
