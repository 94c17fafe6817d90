import { startHub } from '../../test/services/hub.ts';

/** The hub as a newcomer starts it: the real command, a fresh folder, nothing of this process's environment. */
export const startOurs = (yaml: string): ReturnType<typeof startHub> => startHub({ yaml });

/** orrery.yaml for plain web targets, twenty services to a project; each project has a limit on latency beside its probes. */
export function probing(urls: readonly string[], interval: string, timeout = '4s'): string {
  const PER_PROJECT = 20;
  const lines = ['network: { allowPrivate: true }', 'projects:'];
  for (let from = 0; from < urls.length; from += PER_PROJECT) {
    const some = urls.slice(from, from + PER_PROJECT);
    lines.push(
      `  - slug: p${from / PER_PROJECT}`,
      `    name: Project ${from / PER_PROJECT}`,
      `    hubUrl: ${some[0]}`,
      '    thresholds: [{ metric: probe.latency_ms, above: 2000, severity: warning }]',
      '    services:',
      ...some.map(
        (url, i) =>
          `      - { name: s${from + i}, probes: [{ kind: http, url: "${url}", interval: ${interval}, timeout: ${timeout}, failAfter: 2 }] }`,
      ),
    );
  }
  return `${lines.join('\n')}\n`;
}
