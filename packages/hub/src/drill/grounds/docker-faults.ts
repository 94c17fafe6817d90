import type { DrillFault } from '../ground.ts';
import type { Container } from './container.ts';

const NEEDED_BY = { veria: ['rollizr', 'performia'], rollizr: ['performia'], performia: [] } as const;

/** What goes wrong with containers, and with the product inside of one, with its ground truth. */
export const dockerFaults = (containers: readonly Container[]): DrillFault[] => containers.flatMap(faultsOf);

function faultsOf(container: Container): DrillFault[] {
  const { slug } = container;
  const base = {
    ...{ target: { project: slug, service: 'api' }, spreadsTo: NEEDED_BY[slug], withinMs: 120_000, remedy: true },
    /** A start after the fault began is a remedy's: nobody else starts it. */
    async mendedAt(since: number) {
      const startedAt = Date.parse((await container.state()).StartedAt);
      return startedAt > since ? startedAt : undefined;
    },
  };
  const runs = async () => {
    const { Running, Paused } = await container.state();
    if (Paused) await container.post('unpause');
    else if (!Running) await container.post('start');
  };
  const mend = () => container.tell({ fault: 'none' });
  return [
    {
      ...base,
      ...{ name: `${slug}: its container is stopped`, kinds: ['unreachable'] },
      inject: () => container.post('stop?t=1'),
      clear: runs,
    },
    {
      ...base,
      ...{ name: `${slug}: its container is killed`, kinds: ['unreachable'] },
      inject: () => container.post('kill'),
      clear: runs,
    },
    {
      ...base,
      ...{ name: `${slug}: its container is paused`, kinds: ['unresponsive'] },
      inject: () => container.post('pause'),
      clear: runs,
    },
    {
      ...base,
      ...{
        name: `${slug}: its container is unhealthy, its database refuses every statement`,
        kinds: ['failing', 'pool'],
      },
      inject: () => container.tell({ fault: 'errors' }),
      clear: mend,
    },
    {
      ...base,
      ...{ name: `${slug}: its container is unhealthy, it answers nobody`, kinds: ['unresponsive'] },
      inject: () => container.tell({ fault: 'hang' }),
      clear: mend,
    },
    {
      ...base,
      ...{ name: `${slug}: its container restarts again and again`, kinds: ['unreachable', 'failing'], remedy: false },
      async inject() {
        container.breakStart(true);
        // Ends inside, as a crash does: the engine itself starts it again, and again.
        await container.post('restart?t=1');
      },
      async clear() {
        container.breakStart(false);
        await container.post('restart?t=1');
      },
      // It is started all the time, and never well.
      mendedAt: () => undefined,
    },
  ];
}
