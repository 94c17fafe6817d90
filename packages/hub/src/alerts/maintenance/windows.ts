import type { AlertContext } from '../context.ts';

const FRESH_MS = 2000;
const AHEAD_MS = 7 * 86_400_000;

/**
 * Answers at once whether a service is in maintenance at a time (epoch ms). What another hub declares counts within seconds: the stored
 * maintenance is read again by the way when it was not for a while.
 */
export function createInMaintenance({ maintenance, routes, db, clock, log }: AlertContext) {
  let readAt = Number.NEGATIVE_INFINITY;
  return (project: string, service: string, at: number): boolean => {
    if (clock.monotonic() - readAt > FRESH_MS) {
      readAt = clock.monotonic();
      maintenance
        .refresh(db)
        .catch((error: unknown) => log.warn({ err: error }, 'maintenance could not be read again'));
    }
    return maintenance.active(at).some(({ covers }) => covers(project, service, routes.words(project)));
  };
}

export type PublicWindow = {
  title: string;
  from: number;
  until: number;
  covers(project: string, service: string): boolean;
};

/** Maintenance that the public may know of: what is open, and what comes within a week. */
export async function publicWindows({ maintenance, routes, db }: AlertContext, now: number): Promise<PublicWindow[]> {
  await maintenance.refresh(db);
  return maintenance.all().flatMap(({ declaration, windows, covers }) => {
    const { window } = windows.at(now);
    return declaration.public && window && window.from <= now + AHEAD_MS
      ? [
          {
            title: declaration.title,
            ...window,
            covers: (project: string, service: string) => covers(project, service, routes.words(project)),
          },
        ]
      : [];
  });
}
