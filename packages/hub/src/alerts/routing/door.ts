import type { MaintenanceDeclaration, ProjectDeclaration, RouteTestInput, SilenceInput } from '@orrery/protocol';
import type { z } from 'zod';
import type { Caller } from '../../access/index.ts';
import type { AlertContext } from '../context.ts';
import type { DeclaredMaintenance } from '../maintenance/book.ts';
import { createMaintenance, endMaintenance, listMaintenance } from '../maintenance/maintenance.ts';
import { createInMaintenance, publicWindows } from '../maintenance/windows.ts';
import { createSilence, endSilence, listSilences } from '../silences/silences.ts';
import type { DeclaredRoute } from './book.ts';
import { listRoutes, tryRoutes } from './try.ts';

/** What the room offers of who hears of what, when, and who need not. */
export const routingDoor = (context: AlertContext) => ({
  /** Takes up the routes that the configuration declares now. */
  syncRoutes: (declared: readonly DeclaredRoute[]): void => context.routes.replace(declared),
  /** Takes up the maintenance that the configuration declares now. */
  syncMaintenance: (declared: readonly DeclaredMaintenance[]): void => context.maintenance.replaceFile(declared),
  /** Takes up the projects: their words, by which routes choose, and what depends on what. */
  syncProjects(known: readonly ProjectDeclaration[]): void {
    context.routes.replaceProjects(known);
    context.dependencies.replace(known);
  },
  routes: (caller: Caller) => listRoutes(context, caller),
  tryRoutes: (caller: Caller, input: z.output<typeof RouteTestInput>) => tryRoutes(context, caller, input),
  silences: (caller: Caller) => listSilences(context, caller),
  silence: (caller: Caller, input: SilenceInput) => createSilence(context, caller, input),
  endSilence: (caller: Caller, id: string) => endSilence(context, caller, id),
  maintenance: (caller: Caller) => listMaintenance(context, caller),
  declareMaintenance: (caller: Caller, input: MaintenanceDeclaration) => createMaintenance(context, caller, input),
  endMaintenance: (caller: Caller, name: string) => endMaintenance(context, caller, name),
  inMaintenance: createInMaintenance(context),
  publicWindows: (now: number) => publicWindows(context, now),
});
