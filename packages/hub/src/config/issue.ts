import type { ConfigIssue } from '@orrery/protocol';

/** One mistake: where it stands, what is wrong and how it is put right. */
export type Issue = ConfigIssue & {
  /** `environment`, `command line`, or the file's name. */
  source: string;
};

/** Everything that is wrong with the configuration, in one error: nothing of it was taken. */
export class ConfigError extends Error {
  readonly issues: readonly Issue[];
  constructor(issues: readonly Issue[]) {
    super(
      `${issues.length === 1 ? 'one mistake' : `${issues.length} mistakes`} in the configuration\n${issues.map((issue) => `  ${describeIssue(issue)}`).join('\n')}`,
    );
    this.name = 'ConfigError';
    this.issues = issues;
  }
}

/** `orrery.yaml:12:5 projects[0].slug: must be …` */
export function describeIssue({ source, line, column, field, reason }: Issue): string {
  const place = line === undefined ? source : `${source}:${line}${column === undefined ? '' : `:${column}`}`;
  return `${place} ${field ? `${field}: ` : ''}${reason}`;
}

/** `['projects', 0, 'slug']` as `projects[0].slug`. */
export function fieldPath(path: readonly PropertyKey[]): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += text === '' ? String(part) : `.${String(part)}`;
  }
  return text;
}
