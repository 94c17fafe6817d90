import type { LogTemplate } from '@orrery/protocol';
import type { Fact } from '../rank/facts.ts';
import { WEIGHTS } from '../rank/weights.ts';
import { factId } from './fact.ts';
import { readLine } from './reasons.ts';

/** Lines of a kind that began so long before the trouble, or since, are told. */
const LINES_MS = 5 * 60_000;
const KNOWN_SHARE = 10;
/** The words of our own SDK about its way to this hub: nothing that the product depends on. */
const OWN_WORDS = /^the hub (?:cannot be reached|refused an event)\b/;
const TELLING = new Set(['warn', 'error', 'fatal']);
const LONGEST = 200;

/** Pure: kinds of log lines that came up with the trouble, or suddenly come far more often. */
export function lineFacts(templates: readonly LogTemplate[], began: number): Fact[] {
  const since = new Map(
    [...Map.groupBy(templates, ({ project }) => project)].map(([project, own]) => [
      project,
      Math.min(...own.map(({ firstAt }) => Date.parse(firstAt))),
    ]),
  );
  return templates.flatMap((template): Fact[] => {
    if (OWN_WORDS.test(template.template)) return [];
    const firstAt = Date.parse(template.firstAt);
    // In a log that is hardly known everything is new: the less is known of before, the closer it must be to the trouble.
    const known = Math.max(0, began - (since.get(template.project) ?? began));
    const fresh = firstAt >= began - Math.min(LINES_MS, known / KNOWN_SHARE) && TELLING.has(template.level);
    if (!fresh && !(template.isFrequent && TELLING.has(template.level))) return [];
    const read = readLine(template.template);
    const words = template.template.length > LONGEST ? `${template.template.slice(0, LONGEST)}…` : template.template;
    const kind = read?.kind ?? 'failing';
    return [
      {
        id: factId('template', template.id),
        kind: 'template',
        role: 'cause',
        at: fresh ? firstAt : began,
        project: template.project,
        service: template.service === '' ? null : template.service,
        text: `Its log ${fresh ? 'holds something new' : 'holds far more'} (${template.level}): ${words}`,
        speaks: [{ kind, weight: read?.named ? WEIGHTS.lines : WEIGHTS.plainLines }],
        plain: `log lines (${template.level}) that are ${fresh ? 'new' : 'far more frequent'}${read ? `: ${read.kind}` : ''}`,
        outside: template.template,
      },
    ];
  });
}
