import type { ActionCall, ActionHandler } from './actions.ts';

export type AuditResult = {
  ok: number;
  warn: number;
  fail: number;
  /** What was found, for people; plain JSON. */
  findings?: unknown;
};
/** Looks at the product and says how many controls are well, doubtful and broken. */
export type AuditHandler = (call: ActionCall) => AuditResult | Promise<AuditResult>;

/** Makes an action of an audit: its figures become the project's audit summary, and stand in the run that the hub collects. */
export function auditAction(run: AuditHandler, report: (result: AuditResult, call: ActionCall) => void): ActionHandler {
  return async (call) => {
    const result = await run(call);
    for (const figure of ['ok', 'warn', 'fail'] as const)
      if (!Number.isInteger(result?.[figure]) || result[figure] < 0)
        throw new TypeError(`an audit must answer how many are ${figure}, as a whole number`);
    report(result, call);
    return result;
  };
}
