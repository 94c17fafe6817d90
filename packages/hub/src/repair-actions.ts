import { setTimeout as wait } from 'node:timers/promises';
import { systemCaller } from './access/index.ts';
import type { Actions } from './actions/index.ts';
import type { Clock } from './platform/clock.ts';

const REPAIR = systemCaller('repair');
const LOOK_MS = 250;

/** Lets a remedy ask an instance by the door that people use: the same allowlist, signature and audit trail; waits for the outcome of the run. */
export const actByActions =
  (actions: Pick<Actions, 'run' | 'get'>, clock: Clock) =>
  async (
    project: string,
    action: string,
    params: Readonly<Record<string, unknown>> | undefined,
    timeoutMs: number,
  ): Promise<{ done: boolean; detail: string }> => {
    const end = clock.monotonic() + timeoutMs;
    const asked = await actions.run(REPAIR, {
      action,
      projects: [project],
      dryRun: false,
      ...(params ? { params: { ...params } } : {}),
    });
    const mine = (results: typeof asked.results) => results.find((result) => result.project === project);
    let result = mine(asked.results);
    const isOpen = () =>
      result?.status === 'pending' ||
      (result?.status === 'sent' &&
        result.runUnknown === undefined &&
        result.run?.status !== 'succeeded' &&
        result.run?.status !== 'failed');
    while (isOpen() && clock.monotonic() < end) {
      await wait(LOOK_MS, undefined, { ref: false });
      result = mine((await actions.get(REPAIR, asked.requestId)).results);
    }
    if (!result) return { done: false, detail: `the project ${project} is not known` };
    if (result.status !== 'sent')
      return { done: false, detail: `${action} was ${result.status}: ${result.reason ?? ''}` };
    if (result.run?.status === 'failed') return { done: false, detail: `${action} ran and failed (${result.auditId})` };
    const how = result.run?.status ?? result.runUnknown ?? 'accepted, and has not ended in time';
    return { done: true, detail: `${action} was sent${result.auditId ? ` (${result.auditId})` : ''}: ${how}` };
  };
