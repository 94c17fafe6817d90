import type { CauseKind } from '@orrery/protocol';
import type { IncidentAlert } from '../../alerts/index.ts';
import { HUB_PROJECT } from '../../detect/index.ts';
import type { Fact } from '../rank/facts.ts';
import { SEEN, WEIGHTS } from '../rank/weights.ts';
import { factId, speaksFor } from './fact.ts';
import { meaningOf } from './metrics.ts';
import { readLine, readReason } from './reasons.ts';

/** Pure: the alerts of an incident as its symptoms: what is known for certain. */
export function alertFacts(alerts: readonly IncidentAlert[]): Fact[] {
  return alerts.map((alert) => {
    const read = readAlert(alert);
    return {
      // The same trouble has the same id when it comes back: what was explained once need not be again.
      id: factId('alert', alert.fingerprint),
      kind: 'alert',
      role: 'symptom',
      at: alert.openedAt,
      project: alert.project,
      service: alert.service,
      text: alert.title,
      severity: alert.severity,
      speaks: read === undefined ? [] : weigh(alert, read),
      plain: `an alert of severity ${alert.severity}${read === undefined ? '' : ` that says: ${read.kind}`}`,
      outside: `${alert.title} ${alert.description}`,
    };
  });
}

type Reading = { kind: CauseKind; named: boolean; limit?: boolean };

function weigh({ severity }: IncidentAlert, { kind, named, limit }: Reading): Fact['speaks'] {
  if (limit && !SEEN.has(kind)) return [{ kind, weight: severity === 'info' ? WEIGHTS.symptom.info : WEIGHTS.limit }];
  return speaksFor(kind, named, severity);
}

/** By its detector first, since that says what its words are about. */
function readAlert({ project, detector, category, title, description }: IncidentAlert): Reading | undefined {
  if (project === HUB_PROJECT) return { kind: 'hub', named: true };
  if (detector === 'spike' || detector === 'budget') return undefined;
  if (category === 'cost' || category === 'opportunity') return undefined;
  if (detector === 'expiry') return { kind: 'certificate', named: true };
  if (detector === 'freshness') return { kind: 'unreachable', named: false };
  if (detector === 'logs') return readLine(title);
  if (detector === 'performance') return readPerformance(title, description);
  if (detector === 'threshold' || detector === 'trend' || detector === 'forecast') {
    const meaning = meaningOf(/^\S+/.exec(description)?.[0] ?? '') ?? meaningOf(/: (\S+)/.exec(title)?.[1] ?? '');
    return meaning && { kind: meaning.kind, named: false, limit: true };
  }
  const read = readReason(description) ?? readReason(title);
  return category === 'security' && !read?.named ? { kind: 'attack', named: true } : read;
}

/** Statements and routes have words of their own in these texts: only the hub's own are read. */
function readPerformance(title: string, description: string): Reading | undefined {
  if (/^The p95 of the statement /.test(description)) return { kind: 'statement', named: false, limit: true };
  if (/^The p95 of the route /.test(description)) return { kind: 'slow', named: false };
  if (/ runs the same statement \d+ times$/.test(title)) return { kind: 'statement', named: false, limit: true };
  return /: the connection pool .* is exhausted$| has hardly a connection left$/.test(title)
    ? { kind: 'pool', named: true }
    : undefined;
}
