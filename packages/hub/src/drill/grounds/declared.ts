import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type DrillApi, type DrillFault, type Ground, nameOf } from '../ground.ts';
import { startPager } from '../pages.ts';
import type { DrillDeclaration, FaultDeclaration } from './declaration.ts';

const run = promisify(execFile);

/** Refuses a declaration that does not fit the hub: another one than it names, or targets that it does not watch. */
export async function checkGround(declared: DrillDeclaration, api: DrillApi & { url: string }): Promise<void> {
  if (URL.parse(api.url)?.origin !== URL.parse(declared.hub)?.origin)
    throw new Refused(`it declares the hub ${declared.hub}, and the one that answers is ${api.url}`);
  const { services } = await api.get<{ services: { project: string; service: string }[] }>('/ops/health');
  const watched = new Set(services.map(nameOf));
  const unknown = declared.faults.map(nameOf).filter((name) => !watched.has(name));
  if (unknown.length > 0) throw new Refused(`the hub watches no service ${[...new Set(unknown)].join(', ')}`);
}

/** A ground of one's own, watched by a hub that runs already: only what is declared is broken. */
export async function declaredGround(
  { hub, interval, limits, pages, faults }: DrillDeclaration,
  { api, env }: { api: DrillApi; env: Readonly<Record<string, string | undefined>> },
): Promise<Ground> {
  const pager = pages ? await startPager(pages) : undefined;
  return {
    name: hub,
    intervalMs: interval,
    budget: {
      cooldownMs: limits.cooldown,
      perHour: limits.perHour,
      projectPerHour: limits.projectPerHour,
      hubPerHour: limits.hubPerHour,
    },
    faults: faults.map((fault) => faultOf(fault, env)),
    targets: [
      ...new Map(faults.map(({ project, service }) => [`${project}/${service}`, { project, service }])).values(),
    ],
    hasOwnHub: false,
    begin: async () => api,
    pages: () => pager?.pages,
    stop: async () => pager?.stop(),
  };
}

/** The declaration does not fit what is there: nothing was done. */
export class Refused extends Error {}

function faultOf(fault: FaultDeclaration, env: Readonly<Record<string, string | undefined>>): DrillFault {
  const { name, project, service, kinds, remedy, inject, clear, timeout, within } = fault;
  const call = async ([program = '', ...args]: readonly string[]) => {
    await run(program, args, { timeout, killSignal: 'SIGKILL', maxBuffer: 16 * 1024 * 1024, env: { ...env } });
  };
  return {
    ...{ name, kinds, remedy, target: { project, service }, withinMs: within },
    inject: () => call(inject),
    clear: () => call(clear),
  };
}
