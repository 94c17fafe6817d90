import type { Alert, FedProject, ServiceStatus, Severity } from '@orrery/protocol';

/** The five tones of the desk. A tone has a colour and a shape; the word comes from what is being told. */
export type Tone = 'ok' | 'warn' | 'bad' | 'none' | 'quiet';

export const SERVICE_TONE: Record<ServiceStatus, Tone> = { up: 'ok', degraded: 'warn', down: 'bad', unknown: 'none' };
export const SERVICE_WORD: Record<ServiceStatus, string> = {
  up: 'Up',
  degraded: 'Degraded',
  down: 'Down',
  unknown: 'Unknown',
};

export const SEVERITY_TONE: Record<Severity, Tone> = { critical: 'bad', warning: 'warn', info: 'none' };
export const SEVERITY_WORD: Record<Severity, string> = { critical: 'Critical', warning: 'Warning', info: 'Info' };
export const SEVERITY_RANK: Record<Severity, number> = { critical: 0, warning: 1, info: 2 };

export const ALERT_WORD: Record<Alert['status'], string> = {
  open: 'Open',
  acknowledged: 'Acknowledged',
  resolved: 'Resolved',
  ignored: 'Ignored',
};

/** What a project's state is called; one that was never heard of is waiting, not broken. */
export function projectState(project: Pick<FedProject, 'status' | 'lastSeenAt' | 'broken'>): {
  tone: Tone;
  word: string;
} {
  if (project.broken) return { tone: 'bad', word: 'Not readable' };
  if (project.status === 'online') return { tone: 'ok', word: 'Online' };
  if (project.status === 'degraded') return { tone: 'warn', word: 'Degraded' };
  return project.lastSeenAt ? { tone: 'bad', word: 'Offline' } : { tone: 'none', word: 'Never seen' };
}

export const PROJECT_RANK: Record<FedProject['status'], number> = { offline: 0, degraded: 1, online: 2 };

/** What needs eyes first, then by name. */
export const byTrouble = (a: Pick<FedProject, 'status' | 'name'>, b: Pick<FedProject, 'status' | 'name'>) =>
  PROJECT_RANK[a.status] - PROJECT_RANK[b.status] || a.name.localeCompare(b.name);
