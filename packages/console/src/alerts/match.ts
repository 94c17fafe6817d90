import type { AlertMatch } from '@orrery/protocol';

type Match = { [K in keyof AlertMatch]?: readonly string[] | undefined };

/** `project veria, severity critical or warning`; `everything` for a match that narrows nothing down. */
export function matchInWords(match: Match): string {
  const parts = FIELDS.flatMap(([field, word]) => {
    const values = match[field];
    return values && values.length > 0 ? [`${word} ${values.join(' or ')}`] : [];
  });
  return parts.length === 0 ? 'everything' : parts.join(', ');
}

const FIELDS: readonly (readonly [keyof AlertMatch, string])[] = [
  ['projects', 'project'],
  ['services', 'service'],
  ['severities', 'severity'],
  ['categories', 'category'],
  ['tags', 'tag'],
  ['teams', 'team'],
  ['titles', 'title'],
];

/** What a person typed into one field: names with commas between them; undefined when there is none. */
export function listOf(text: FormDataEntryValue | null): string[] | undefined {
  const words = String(text ?? '')
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  return words.length === 0 ? undefined : words;
}
