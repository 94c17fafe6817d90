import type { AutohealDeclaration, ProjectDeclaration, ServiceDeclaration } from '@orrery/protocol';

const MAX_SERVICES = 200;

/**
 * A project with the containers that auto-heal keeps as services of it: probed by their engine, and restarted under the one policy that is
 * declared for all of them. What the project declares by that name itself stands. Pure.
 */
export function withContainers(
  project: ProjectDeclaration,
  entries: readonly { entry: AutohealDeclaration; found: readonly string[] }[],
): ProjectDeclaration {
  const services = new Map(project.services.map((service) => [service.name, service]));
  for (const { entry, found } of entries)
    for (const container of [...entry.names, ...found])
      if (!services.has(container) && services.size < MAX_SERVICES)
        services.set(container, serviceFor(container, entry));
  return { ...project, services: [...services.values()] };
}

function serviceFor(container: string, entry: AutohealDeclaration): ServiceDeclaration {
  const { socket, url, tls, label, names, every, mode, grace, limits, verify } = entry;
  const engine = {
    ...(socket === undefined ? {} : { socket }),
    ...(url === undefined ? {} : { url }),
    ...(tls === undefined ? {} : { tls }),
  };
  return {
    name: container,
    kind: 'container',
    dependsOn: [],
    probes: [
      {
        ...{ kind: 'docker', container, ...engine, stopped: 'degraded' },
        ...{ interval: every, timeout: '5s', failAfter: 2, recoverAfter: 1, quorum: 1 },
      },
    ],
    heal: [
      {
        name: 'autoheal',
        when: { severity: ['critical'], for: '0ms' },
        remedy: {
          ...{ kind: 'docker', container, ...engine, label, requireLabel: !names.includes(container) },
          ...{ onlyFailing: true, grace, timeout: '60s' },
        },
        ...{ mode, limits, verify },
      },
    ],
  };
}
