import type { CauseKind, FailureClass, GeneralRemedy, HealPolicy, RemedyDeclaration, Symptom } from '@orrery/protocol';
import type { LivingAlert } from '../alerts/index.ts';
import { type ProbeState, statusOf } from './context.ts';

/**
 * The words by which our own probes say in which way something failed; the first that fits counts. What an instance says of itself stands
 * behind these words, so only the beginning of a reason is looked at where it could be mistaken.
 */
const CLASSES: readonly (readonly [RegExp, FailureClass])[] = [
  [/\btls_\w+|certificate|TLS handshake/, 'certificate'],
  [/\bdns_\w+|has no \w+ record|records of \S+ lack/, 'dns'],
  [
    /connection was refused|no way to that address|nothing listens|ECONNREFUSED|socket .*(does not exist|refused)/,
    'unreachable',
  ],
  [/not answered in time|within \d+ (ms|s)\b|timed out|no answer/, 'unresponsive'],
  [/slower than/, 'slow'],
  [/container is unhealthy|health check/, 'unhealthy'],
  [/container is restarting/, 'restarting'],
  [/container is \w+|knows no container|never started|being removed/, 'stopped'],
  [/\bno call\b|last call|no beat|\blate\b/, 'silent'],
  [/expected|lacks|no valid|no known word|cut off|closed before|larger than/, 'malformed'],
  [/HTTP \d{3}|says it is|reported a failure|with the error|failed/, 'failing'],
];
/** `answered HTTP 503, expected 200–299` is a failure of the service; only another body than the expected is malformed. */
const REFUSED_BY_STATUS = /^answered HTTP [45]\d\d\b/;

/** What an alert about a service says of the first probe that failed. */
const SAID = /^The (\S+) probe of .* says (?:down|degraded)(?: since \S+Z)?: (.*)$/m;

/** In which way a check failed, by the reason that it gave. Pure. */
export function failureOf(reason: string): FailureClass {
  if (REFUSED_BY_STATUS.test(reason)) return 'failing';
  return CLASSES.find(([words]) => words.test(reason))?.[1] ?? 'other';
}

/** What is general about the trouble that a policy is for: of several checks that fail, the worst one and of those the first. Pure. */
export function symptomOf(
  alert: Pick<LivingAlert, 'project' | 'service' | 'category' | 'severity' | 'title' | 'description'>,
  policy: Pick<HealPolicy, 'when'>,
  states: readonly ProbeState[],
  cause: CauseKind | undefined,
): Symptom {
  const { category, severity } = alert;
  const general = { category, severity, cause: cause ?? null };
  const { metric } = policy.when;
  if (metric !== undefined) {
    const failure = / is below /.test(` ${alert.title} ${alert.description}`) ? 'below' : 'above';
    return { ...general, check: `metric ${metric}`, failure };
  }
  const own = states.filter(({ project, service }) => project === alert.project && service === alert.service);
  const worst = statusOf(own, alert.project, alert.service ?? '');
  const failing = own.find(({ status }) => status === worst);
  // Of an alert that is over only its own words are left.
  const [, kind, reason] = SAID.exec(alert.description) ?? [];
  return {
    ...general,
    check: failing?.kind ?? kind ?? 'unknown',
    failure: failureOf(failing?.reason ?? reason ?? alert.description),
  };
}

/** A word that can stand for what a program does: `restart`, never a path, an option or a value. */
const VERB = /^[a-z][a-z-]{1,30}$/;

/** The remedy of a policy without what is particular about its place: no addresses, no names of containers, no values. Pure. */
export function remedyFormOf({ name, remedy }: Pick<HealPolicy, 'name' | 'remedy'>): GeneralRemedy {
  return { kind: remedy.kind, form: formOf(remedy, name).slice(0, 160) };
}

function formOf(remedy: RemedyDeclaration, policy: string): string {
  switch (remedy.kind) {
    case 'docker':
      return 'restart a container';
    case 'action':
      return `ask for ${remedy.action}`;
    case 'command': {
      const [program = '', verb = ''] = remedy.run;
      const base = program.split('/').at(-1) ?? program;
      return VERB.test(verb) ? `run ${base} ${verb}` : `run ${base}, as ${policy}`;
    }
    case 'systemd':
      return `${remedy.verb} a unit`;
    case 'postgres':
      return 'end sessions of PostgreSQL';
    // What a call does only its policy's name tells, and of kinds that are new here too.
    default:
      return `${remedy.kind}, as ${policy}`;
  }
}
