import { ProjectDeclaration, ThresholdDeclaration } from '@orrery/protocol';
import { type EnvironmentValues, textOf } from './environment.ts';
import type { FileConfig } from './file.ts';
import type { Issue } from './issue.ts';
import { maskProject } from './mask.ts';
import { Declared } from './secret.ts';
import type { VariableName } from './variables.ts';

/** What a variable adds to the file, in words: `orrery config check` lists it. */
export type Addition = { variable: string; adds: string };

/** The platforms that have a variable of their own, by the names that tiers know them by. */
const NAMED = {
  LEADSITE_AI_URL: 'leadsite.ai',
  LEADSITE_IO_URL: 'leadsite.io',
  CLIENTCONTACT_URL: 'clientcontact.io',
  VIDEOSITE_URL: 'videosite.io',
  TACKLEAI_URL: 'tackle.io',
} as const satisfies Partial<Record<VariableName, string>>;

const source = 'environment';
const slugOf = (name: string) => name.toLowerCase().replace(/[^a-z0-9_-]+/g, '-');
const sameAddress = (one: string, other: string) => URL.parse(one)?.href === URL.parse(other)?.href;

/** The platforms of the environment as projects whose address is asked every five seconds; what the file declares wins. */
export function platformsOf(file: FileConfig, values: EnvironmentValues) {
  const listed = [values.ORRERY_PLATFORMS ?? []].flat().map((pair) => {
    const [name = '', ...url] = String(pair).split('=');
    return { variable: 'ORRERY_PLATFORMS', name: name.trim(), url: url.join('=').trim() };
  });
  const named = Object.entries(NAMED).flatMap(([variable, name]) => {
    const url = textOf(values, variable as VariableName);
    return url === undefined ? [] : [{ variable, name, url }];
  });
  const projects: Declared<ProjectDeclaration>[] = [];
  const [issues, warnings, additions]: [Issue[], Issue[], Addition[]] = [[], [], []];
  for (const { variable, name, url } of [...listed, ...named]) {
    const slug = slugOf(name);
    const declared = file.projects.find(
      ({ declaration }) => declaration.slug === slug || sameAddress(declaration.hubUrl, url),
    );
    if (declared) {
      const reason = `makes no project of ${name}: the file declares "${declared.declaration.slug}", which wins`;
      warnings.push({ source, field: variable, reason });
      continue;
    }
    if (projects.some(({ declaration }) => declaration.slug === slug)) {
      issues.push({ source, field: variable, reason: `names ${name} a second time` });
      continue;
    }
    const read = ProjectDeclaration.safeParse({
      ...{ slug, name, hubUrl: url, tags: ['platform'] },
      services: [{ name: 'web', probes: [{ kind: 'http', url, interval: '5s' }] }],
    });
    if (!read.success) {
      issues.push({ source, field: variable, reason: `${name}: ${read.error.issues[0]?.message ?? 'cannot be read'}` });
      continue;
    }
    projects.push(new Declared<ProjectDeclaration>(Object.freeze(read.data), `environment ${variable}`, maskProject));
    additions.push({ variable, adds: `the project ${slug} (${name})` });
  }
  return { projects, issues, warnings, additions };
}

/** A limit that holds for every project which declares none for its metric. */
export type DefaultThreshold = ThresholdDeclaration & { declaredIn: string };

/** Which variable limits which metric; the metrics are those that the SDK tells. */
const LIMITS = {
  API_RESPONSE_THRESHOLD_MS: 'performance.latency_p95_ms',
  DB_QUERY_THRESHOLD_MS: 'db.query_p95_ms',
  MEMORY_THRESHOLD_PERCENT: 'process.memory_percent',
  CPU_THRESHOLD_PERCENT: 'process.cpu_percent',
} as const satisfies Partial<Record<VariableName, string>>;

/** The limits of the environment. */
export function thresholdsOf(values: EnvironmentValues): { thresholds: DefaultThreshold[]; additions: Addition[] } {
  const thresholds = Object.entries(LIMITS).flatMap(([variable, metric]) => {
    const above = values[variable as VariableName];
    return typeof above === 'number'
      ? [{ ...ThresholdDeclaration.parse({ metric, above }), declaredIn: `environment ${variable}` }]
      : [];
  });
  const additions = thresholds.map(({ declaredIn, metric, above }) => ({
    variable: declaredIn.replace(/^environment /, ''),
    adds: `a limit of ${above} on ${metric} for every project without one`,
  }));
  return { thresholds, additions };
}

/** What of the defaults holds for a project: those for whose metric it declares nothing. */
export const defaultsFor = (
  declared: readonly { metric: string }[],
  defaults: readonly DefaultThreshold[],
): DefaultThreshold[] => defaults.filter(({ metric }) => !declared.some((own) => own.metric === metric));
