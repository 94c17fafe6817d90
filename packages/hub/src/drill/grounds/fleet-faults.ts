import type { CauseKind } from '@orrery/protocol';
import type { Fault, Fleet, Product, ProductSlug, Supervisor } from '../../../../../examples/fleet/src/index.ts';
import type { DrillFault } from '../ground.ts';

const MINUTE = 60_000;

/** Faults that a product shows by its switch: the text, what is true of it, whether a policy can repair it. */
const SWITCHED: readonly {
  fault: Fault;
  name: string;
  kinds: readonly CauseKind[];
  remedy: boolean;
  withinMs?: number;
}[] = [
  { fault: 'down', name: 'its port is closed', kinds: ['unreachable'], remedy: true },
  { fault: 'hang', name: 'it answers nobody', kinds: ['unresponsive'], remedy: true },
  // What its database says is that there are too many connections.
  { fault: 'errors', name: 'its database refuses every statement', kinds: ['failing', 'pool'], remedy: true },
  { fault: 'badjson', name: 'its answers end in the middle', kinds: ['malformed'], remedy: true },
  { fault: 'slow', name: 'every answer takes a second and more', kinds: ['slow'], remedy: false },
  { fault: 'statement', name: 'statements on its busiest table are slow', kinds: ['statement'], remedy: false },
  { fault: 'leak', name: 'its memory grows', kinds: ['memory'], remedy: true, withinMs: 3 * MINUTE },
];
/** Whoever needs it tells that it is not well: an outage spreads. A leak is nobody else's business. */
const NEEDED_BY: Record<ProductSlug, readonly ProductSlug[]> = {
  veria: ['rollizr', 'performia'],
  rollizr: ['performia'],
  performia: [],
};
/** More visitors than a product has places: each waits for a second and a bit. */
const CROWD = 48;
const CROWDED: Partial<Record<ProductSlug, string>> = { veria: '/policies', rollizr: '/products' };
/** Those whose remedy goes back to the release and the configuration before. */
const ROLLED_BACK: readonly ProductSlug[] = ['veria', 'rollizr'];

/** Every fault of the example fleet, with its ground truth. */
export function fleetFaults(fleet: Fleet, supervisor: Supervisor): DrillFault[] {
  return fleet.products
    .flatMap((product) =>
      faultsOf(fleet, product).map((fault) => ({
        ...fault,
        mendedAt: (since: number) => supervisor.done.find(({ slug, at }) => slug === product.slug && at >= since)?.at,
      })),
    )
    .sort(byTurns);
}

function faultsOf(fleet: Fleet, product: Product): DrillFault[] {
  const { slug } = product;
  const target = { project: slug, service: 'api' };
  const base = { target, spreadsTo: NEEDED_BY[slug], withinMs: 90_000 };
  const mend = () => product.fault('none');
  const faults: DrillFault[] = SWITCHED.map(({ fault, name, kinds, remedy, withinMs }) => ({
    ...base,
    ...{ name: `${slug}: ${name}`, kinds, remedy },
    ...(withinMs === undefined ? {} : { withinMs }),
    ...(fault === 'leak' ? { spreadsTo: [] } : {}),
    inject: () => product.fault(fault),
    clear: mend,
  }));
  faults.push({
    ...base,
    ...{ name: `${slug}: its process is killed`, kinds: ['unreachable'], remedy: true },
    inject: () => product.kill(),
    async clear() {
      if (!product.isRunning) await product.restart();
    },
  });
  if (ROLLED_BACK.includes(slug))
    faults.push(
      {
        ...base,
        ...{ name: `${slug}: a bad release is deployed`, kinds: ['deploy'], remedy: true, isChange: true },
        inject: () => product.deploy('99.0.0', 'errors'),
        async clear() {
          if (product.version !== undefined) await product.rollBack();
        },
      },
      {
        ...base,
        ...{ name: `${slug}: a wrong configuration is loaded`, kinds: ['config'], remedy: true, isChange: true },
        inject: () =>
          product.fault('errors', {
            type: 'config.changed',
            data: { title: `${slug}: database.poolSize changed from 20 to 0`, key: 'database.poolSize' },
          }),
        clear: mend,
      },
    );
  const path = CROWDED[slug];
  if (path !== undefined) {
    let crowd: { stop(): Promise<void> } | undefined;
    faults.push({
      ...base,
      ...{ name: `${slug}: a crowd comes`, kinds: ['traffic'], remedy: false },
      async inject() {
        crowd = await fleet.crowd(slug, path, CROWD);
      },
      async clear() {
        await crowd?.stop();
      },
    });
  }
  return faults;
}

/** Changes last: they stay suspects, and one round is enough for most of the rest. */
const byTurns = (a: DrillFault, b: DrillFault) => Number(a.isChange ?? false) - Number(b.isChange ?? false);
