import type { Catalog, StoredProject } from './catalog/index.ts';
import { type DefaultThreshold, defaultsFor } from './config/index.ts';
import type { Log } from './platform/log.ts';
import type { Outbound, OutboundIdentity } from './platform/outbound.ts';

type Rooms = {
  catalog: Pick<Catalog, 'revision' | 'declarations'>;
  intake: { sync(projects: readonly StoredProject[]): Promise<void> };
  detect: { sync(projects: readonly StoredProject[]): void };
  alerts: { syncProjects(projects: readonly StoredProject[]): void };
  repair: { syncProjects(projects: readonly StoredProject[]): void };
  outbound: Pick<Outbound, 'setIdentities'>;
  /** Limits for projects that declare none for that metric. */
  defaults: () => readonly DefaultThreshold[];
  log: Log;
  /** How often the catalog is looked at for what another hub changed, in milliseconds. */
  everyMs?: number;
};

/** Keeps what is probed and judged equal to what the catalog holds, whichever hub on the database changed it, and after a failure too. */
export function followProjects(rooms: Rooms) {
  const { catalog, intake, detect, alerts, repair, outbound, log, everyMs = 2000 } = rooms;
  let taken: string | undefined;
  let last: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  let stopped = false;

  async function take(): Promise<void> {
    // Asked first: a change between the two questions is then seen at the next look.
    const revision = await catalog.revision();
    const projects = await catalog.declarations();
    outbound.setIdentities(identitiesOf(projects));
    await intake.sync(projects);
    detect.sync(projects.map((project) => withDefaults(project, rooms.defaults())));
    alerts.syncProjects(projects);
    repair.syncProjects(projects);
    taken = revision;
  }

  /** Takes up what the catalog holds now. One at a time, so that an older reading never comes after a newer one. */
  function now(): Promise<void> {
    next ??= last.then(() => {
      next = undefined;
      const done = take();
      last = done.catch(() => undefined);
      return done;
    });
    return next;
  }

  const warn = (error: unknown) => log.warn({ err: error }, 'the projects could not be taken up; it is tried again');
  const look = async () => {
    if (!stopped && (await catalog.revision()) !== taken) await now();
  };
  const timer = setInterval(() => void look().catch(warn), everyMs).unref();

  return {
    now,
    /** The same, without waiting for it. */
    soon: (): void => void now().catch(warn),
    async stop(): Promise<void> {
      stopped = true;
      clearInterval(timer);
      await next?.catch(() => undefined);
      await last;
    },
  };
}

/** A project with the limits of the environment for what it declares none for itself. */
const withDefaults = (project: StoredProject, defaults: readonly DefaultThreshold[]): StoredProject => ({
  ...project,
  thresholds: [
    ...project.thresholds,
    ...defaultsFor(project.thresholds, defaults).map(({ declaredIn: _, ...threshold }) => threshold),
  ],
});

/** The certificates that projects are asked with, each for the origin of its own instance. */
function identitiesOf(projects: readonly StoredProject[]): Map<string, OutboundIdentity> {
  const identities = new Map<string, OutboundIdentity>();
  for (const { slug, hubUrl, clientCertificate: tls } of projects)
    if (tls) identities.set(slug, { origin: new URL(hubUrl).origin, tls });
  return identities;
}
