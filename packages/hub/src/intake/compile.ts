import { createHash } from 'node:crypto';
import type { ProbeDeclaration, ProjectDeclaration } from '@orrery/protocol';
import { type BoundProbe, bindProbe } from './probes/index.ts';

/** What intake needs to know of a project. */
export type WatchedProject = Pick<ProjectDeclaration, 'slug' | 'hubUrl' | 'meshNs' | 'services'>;

export type Probe = BoundProbe & {
  id: string;
  /** A short number for the id, the key of the checks: 52 bits of the same hash. */
  key: number;
  project: string;
  service: string;
  kind: string;
  /** Which one of its kind in its service, from 0. */
  ordinal: number;
  /** How many hubs must see a failure before it counts. */
  quorum: number;
  /** Changes when the declaration does. */
  declaration: string;
};

/** Turns declarations into probes. A probe keeps its id as long as project, service, kind and target stay, whatever else is changed. */
export function compileProbes(projects: readonly WatchedProject[]): Probe[] {
  return projects.flatMap((project) =>
    project.services.flatMap((service) => {
      const ofKind = new Map<string, number>();
      const ofTarget = new Map<string, number>();
      const next = (counts: Map<string, number>, name: string) => {
        const count = counts.get(name) ?? 0;
        counts.set(name, count + 1);
        return count;
      };
      return service.probes.map((declared): Probe => {
        const ordinal = next(ofKind, declared.kind);
        const bound = bindProbe(declared, project);
        const address = addressOf(declared, bound, project);
        const position = next(ofTarget, `${declared.kind} ${address}`);
        const hash = createHash('sha256')
          .update(JSON.stringify([project.slug, service.name, declared.kind, address, position]))
          .digest('hex');
        return {
          ...bound,
          id: `prb_${hash.slice(0, 24)}`,
          key: Number.parseInt(hash.slice(0, 13), 16),
          project: project.slug,
          service: service.name,
          kind: declared.kind,
          ordinal,
          quorum: 'quorum' in declared ? declared.quorum : 1,
          declaration: JSON.stringify([declared, project.hubUrl]),
        };
      });
    }),
  );
}

/** What makes a probe the same one as before. A password may be in a URL of the first two kinds, whose ids were made so; of others it is not. */
function addressOf(declared: ProbeDeclaration, bound: BoundProbe, project: WatchedProject): string {
  if (declared.kind === 'heartbeat') return '';
  if (declared.kind === 'http' || declared.kind === 'instance') return declared.url ?? project.hubUrl;
  return bound.target;
}

/** A number in [0, 1) that is always the same for one probe: where in its interval it runs. */
export const phaseOf = (probe: Pick<Probe, 'key'>): number => (probe.key % 65_536) / 65_536;
