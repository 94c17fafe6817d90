import { iso } from '../../platform/clock.ts';
import type { Facts, Limits, LogFact, Remembered, Verdict } from '../facts.ts';
import { type Finding, fingerprintOf, inWords } from '../finding.ts';

const WARN = 2;
const ERROR = 3;

/** Log lines of a kind that the log never held before, or suddenly holds far more of. Lines below a warning count only when they flood. */
export function logs(facts: Facts, _limits: Limits, remembered: Remembered): Verdict[] {
  if (!facts.logs)
    return [...remembered].flatMap(([fingerprint, { finding }]): Verdict[] =>
      finding?.detector === 'logs' ? [{ fingerprint, state: 'unknown' }] : [],
    );
  return facts.logs.flatMap((log): Verdict[] => {
    const kind = log.isNew && log.level >= WARN ? 'new' : log.rise ? 'frequent' : undefined;
    if (!kind) return [];
    const fingerprint = fingerprintOf('logs', facts.project, log.service, log.id, kind);
    return [
      {
        fingerprint,
        state: 'firing',
        since: kind === 'new' ? log.firstAt : (remembered.get(fingerprint)?.since ?? log.lastAt),
        seenAt: log.lastAt,
        finding: describe(facts.project, log, kind, fingerprint),
      },
    ];
  });
}

function describe(project: string, log: LogFact, kind: 'new' | 'frequent', fingerprint: string): Finding {
  const where = `${project}/${log.service}`;
  const template = log.template.length > 120 ? `${log.template.slice(0, 120)}…` : log.template;
  const often = log.rise
    ? ` ${log.rise.lines} lines in the last 10 to 20 minutes; ${inWords(log.rise.usual)} were usual.`
    : '';
  return {
    fingerprint,
    detector: 'logs',
    project,
    service: log.service,
    severity: kind === 'new' && log.level >= ERROR ? 'warning' : log.rise && log.level >= ERROR ? 'warning' : 'info',
    category: 'performance',
    title: kind === 'new' ? `${where} logs something new: ${template}` : `${where} logs far more often: ${template}`,
    description:
      `${kind === 'new' ? `First seen ${iso(log.firstAt)}, in a log that did not hold it before; ${log.total} lines so far.` : ''}${often}\nLast line: ${log.example}`.trim(),
    recommendation: `See what changed in ${where} at that time; the project's log page lists its templates.`,
    autoFixable: false,
    observedAt: log.lastAt,
  };
}
