import { authorize, type Caller } from '../access/index.ts';
import { iso } from '../platform/clock.ts';
import { HubError } from '../platform/errors.ts';
import { findLatest } from './find.ts';
import type { ReadDeps } from './query.ts';
import type { SeriesKind } from './tables.ts';

export type KeyInfo = {
  key: string;
  service?: string;
  tags?: Record<string, string>;
  unit?: string;
  kind: SeriesKind;
  last: number | string;
  lastAt: string;
};

/** Every metric of a project with its newest value, numbers and texts. */
export async function keys(deps: ReadDeps, caller: Caller, project: string): Promise<{ items: KeyInfo[] }> {
  authorize(caller, 'ops:view', project);
  if (deps.projectExists && !(await deps.projectExists(project)))
    throw new HubError('not_found', `No project "${project}".`);
  const latest = await findLatest(deps.db, { projects: [project] });
  return {
    items: latest.map(({ id: _, project: __, value, at, receivedAt: ___, ...info }) => ({
      ...info,
      last: value,
      lastAt: iso(at),
    })),
  };
}
