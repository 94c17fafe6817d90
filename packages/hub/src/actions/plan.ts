/** What the hub knows of a project that it is about to ask. */
export type Target = {
  slug: string;
  allowFanout: readonly string[];
  /** What its manifest declares; null while no manifest is known. */
  declared: readonly string[] | null;
};

type Named = { action: string; subject: string };
/** Actions that the hub itself has names for: what the instances are asked for, and the mesh subject that carries it. */
const NAMED: Readonly<Record<string, Named>> = {
  'fed.audit.security.sweep': { action: 'audit.security', subject: 'audit.requested.security' },
  'fed.refresh.summaries': { action: 'graph.refresh', subject: 'graph.summary.requested' },
};
const SUBJECTS: ReadonlyMap<string, string> = new Map(
  Object.values(NAMED).map(({ action, subject }) => [action, subject]),
);

export const FED_ACTIONS: readonly string[] = Object.keys(NAMED);

/** Pure: what instances are asked for; undefined for a name under `fed.` that means nothing. */
export function instanceAction(action: string): string | undefined {
  if (!action.startsWith('fed.')) return action;
  return Object.hasOwn(NAMED, action) ? NAMED[action]?.action : undefined;
}

/** The mesh subject, after the namespace, that carries an action of instances. */
export const subjectOf = (action: string): string => SUBJECTS.get(action) ?? `action.requested.${action}`;

export type Verdict = { project: string; ok: true } | { project: string; ok: false; reason: string };

/**
 * Pure: which of the projects that were asked for (all that the caller sees, when none are named) may be sent the action, and why not.
 * A project that the caller does not see is one that does not exist.
 */
export function plan(
  asked: { action: string; instanceAction: string; projects?: readonly string[] | undefined },
  targets: readonly Target[],
  canSign: boolean,
): Verdict[] {
  const known = new Map(targets.map((target) => [target.slug, target]));
  const wanted = [...new Set(asked.projects ?? known.keys())];
  return wanted.map((project) => {
    const target = known.get(project);
    const denied = (reason: string): Verdict => ({ project, ok: false, reason });
    if (!target) return denied(`No project "${project}".`);
    if (!target.allowFanout.includes(asked.instanceAction))
      return denied(`The project does not allow it: "${asked.instanceAction}" is not in its allowFanout.`);
    // What the hub has a name for is asked of every instance that allows it; anything else only of one that says it has it.
    if (asked.action === asked.instanceAction && target.declared && !target.declared.includes(asked.instanceAction))
      return denied(`The instance's manifest does not declare "${asked.instanceAction}".`);
    if (!canSign) return denied('Nothing can be signed: MESH_HMAC_KEY is not set.');
    return { project, ok: true };
  });
}
