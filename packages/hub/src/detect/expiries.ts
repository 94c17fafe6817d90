import type { ProjectDeclaration } from '@orrery/protocol';
import type { Clock } from '../platform/clock.ts';
import type { Samples } from '../samples/index.ts';
import type { ExpiryFact } from './facts.ts';

const DAY = 86_400_000;
/** Certificates end slowly: their series are read this often, not at every judgement. */
const LOOK_EVERY_MS = 30_000;
const KEY = 'tls.days_left';

/** A declared probe that sees a certificate. */
export type CertificateProbe = { service: string; probe: string; target: string };

/** The probes of a project that see certificates. */
export function certificateProbes(services: ProjectDeclaration['services']): CertificateProbe[] {
  return services.flatMap(({ name, probes }) => {
    const counts = new Map<string, number>();
    return probes.flatMap((probe): CertificateProbe[] => {
      const number = (counts.get(probe.kind) ?? 0) + 1;
      counts.set(probe.kind, number);
      const target =
        probe.kind === 'tls'
          ? `${probe.host}:${probe.port}`
          : probe.kind === 'http' && probe.url.startsWith('https:')
            ? new URL(probe.url).host
            : undefined;
      return target === undefined ? [] : [{ service: name, probe: probeOf(probe.kind, String(number)), target }];
    });
  });
}

/** Reads from time to time what is left of certificates. */
export function createExpiries(samples: Pick<Samples, 'latest'>, clock: Clock) {
  let lookedAt = Number.NEGATIVE_INFINITY;

  return {
    /** The certificates of these projects by project; undefined when it is too early to look again. */
    async look(
      projects: readonly { slug: string; certificates: readonly CertificateProbe[] }[],
    ): Promise<Map<string, ExpiryFact[]> | undefined> {
      if (clock.monotonic() - lookedAt < LOOK_EVERY_MS) return undefined;
      lookedAt = clock.monotonic();
      const asked = projects.filter(({ certificates }) => certificates.length > 0);
      const facts = new Map<string, ExpiryFact[]>();
      if (asked.length === 0) return facts;
      const latest = await samples.latest(
        asked.map(({ slug }) => slug),
        [KEY],
      );
      const byProject = Map.groupBy(latest, ({ project }) => project);
      for (const { slug, certificates } of asked)
        facts.set(
          slug,
          (byProject.get(slug) ?? []).flatMap(({ service, tags, value, at }): ExpiryFact[] => {
            const probe = probeOf(tags?.kind ?? '', tags?.probe ?? '1');
            const declared = certificates.find((one) => one.service === service && one.probe === probe);
            return declared ? [{ ...declared, until: at + value * DAY, seenAt: at }] : [];
          }),
        );
      return facts;
    },
  };
}

const probeOf = (kind: string, number: string): string => (number === '1' ? kind : `${kind} ${number}`);
