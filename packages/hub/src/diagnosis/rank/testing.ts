import type { CauseKind, Severity } from '@orrery/protocol';
import { ProjectDeclaration } from '@orrery/protocol';
import { dependenciesOf } from '../../catalog/index.ts';
import { speaksFor } from '../gather/fact.ts';
import { type Fact, nameOf } from './facts.ts';
import { SEEN, WEIGHTS } from './weights.ts';

/** `{ 'a/x': ['b/y'] }`: services by project, with what they need. */
export function graphOf(needs: Readonly<Record<string, readonly string[]>>) {
  const services = Object.entries(needs).map(([name, dependsOn]) => ({
    project: name.split('/')[0] ?? '',
    name: name.split('/')[1] ?? '',
    dependsOn,
  }));
  return dependenciesOf(
    [...Map.groupBy(services, ({ project }) => project)].map(([slug, own]) =>
      ProjectDeclaration.parse({
        ...{ slug, name: slug, hubUrl: 'http://127.0.0.1:1' },
        services: own.map(({ name, dependsOn }) => ({ name, dependsOn })),
      }),
    ),
  );
}

const part = (name: string) => {
  const [project = '', service] = name.split('/');
  return { project, service: service ?? null };
};
const S = 1000;

/** An alert of a part, so many seconds after the beginning. */
export const alert = (
  name: string,
  at: number,
  kind: CauseKind | undefined,
  severity: Severity = 'critical',
): Fact => ({
  ...{ id: `alert ${name} ${kind}`, kind: 'alert', role: 'symptom', at: at * S, ...part(name), severity },
  speaks: speaksFor(kind, kind !== undefined && !SEEN.has(kind), severity),
  ...{ text: `${name} fails`, plain: 'an alert' },
});
export const check = (name: string, at: number, kind: CauseKind, severity: Severity = 'critical'): Fact => ({
  ...alert(name, at, kind, severity),
  ...{ id: `check ${name} ${kind}`, kind: 'check' },
});
/** A part that is down as people mostly see it: an alert that rests on a check. */
export const down = (name: string, at: number, kind: CauseKind = 'failing'): Fact[] => [
  alert(name, at, kind),
  check(name, at, kind),
];

export const cause = (
  name: string,
  at: number,
  kind: CauseKind,
  from: 'changepoint' | 'template' | 'check' = 'changepoint',
): Fact => ({
  ...{ id: `${from} ${name} ${kind}`, kind: from, role: 'cause', at: at * S, ...part(name) },
  speaks: [{ kind, weight: from === 'template' ? WEIGHTS.lines : from === 'check' ? WEIGHTS.ownCheck : WEIGHTS.shift }],
  ...{ text: `${kind} of ${name}`, plain: kind },
});
export const change = (name: string, at: number, kind: 'deploy' | 'config' = 'deploy'): Fact => ({
  ...{ id: `change ${name} ${at}`, kind: 'change', role: 'change', at: at * S, ...part(name) },
  speaks: [{ kind, weight: WEIGHTS[kind] }],
  ...{ text: `a ${kind} of ${name}`, plain: kind },
});

export const said = ({
  kind,
  project,
  service,
}: {
  kind: CauseKind;
  project: string;
  service?: string | undefined;
}): string => `${kind} ${nameOf({ project, service: service ?? null })}`;

/** Numbers that are the same in every run (Mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
export function shuffled<T>(items: readonly T[], next: () => number): T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [result[i], result[j]] = [result[j] as T, result[i] as T];
  }
  return result;
}
