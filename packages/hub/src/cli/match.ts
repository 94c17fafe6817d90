import type { AlertMatch } from '@orrery/protocol';
import type { Command } from 'commander';

export type MatchOptions = {
  project?: string[];
  service?: string[];
  severity?: string[];
  category?: string[];
  tag?: string[];
  team?: string[];
  title?: string[];
};
const FIELDS = {
  project: 'projects',
  service: 'services',
  severity: 'severities',
  category: 'categories',
  tag: 'tags',
  team: 'teams',
  title: 'titles',
} as const satisfies Record<keyof MatchOptions, keyof AlertMatch>;
const NAMES = Object.keys(FIELDS) as (keyof MatchOptions)[];

const collect = (text: string, before: string[] = []): string[] => [...before, text];

/** The options by which commands say which alerts are meant. Each may be given several times: any one of them must hold. */
export function matchOptions(command: Command, names: readonly (keyof MatchOptions)[] = NAMES): Command {
  for (const name of names)
    command.option(`--${name} <pattern>`, `only of this ${name}; \`*\` stands for any text; may be repeated`, collect);
  return command;
}

/** What the options say, as the API wants it. */
export const matchFrom = (options: MatchOptions): Partial<Record<keyof AlertMatch, string[]>> =>
  Object.fromEntries(NAMES.flatMap((name) => (options[name] ? [[FIELDS[name], options[name]]] : [])));

/** A match in one line: `projects veria, titles disk*`. */
export const matchText = (match: Partial<Record<keyof AlertMatch, readonly string[] | undefined>>): string =>
  Object.entries(match)
    .filter(([, values]) => values !== undefined)
    .map(([field, values]) => `${field} ${values?.join('|')}`)
    .join(', ') || 'everything';
