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
  if (detector === 'threshold' || detector === 'trend') {
    const meaning = meaningOf(/^\S+/.exec(description)?.[0] ?? '') ?? meaningOf(/: (\S+)/.exec(title)?.[1] ?? '');
    return meaning && { kind: meaning.kind, named: false, limit: true };
  }
  const read = readReason(description) ?? readReason(title);
  return category === 'security' && !read?.named ? { kind: 'attack', named: true } : read;
}
