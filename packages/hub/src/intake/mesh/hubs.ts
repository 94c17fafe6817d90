import { HubHealth, type MeshHub, Presence } from '@orrery/protocol';
import { authorize, type Caller, sees } from '../../access/index.ts';
import { iso } from '../../platform/clock.ts';
import type { Db } from '../../platform/db.ts';
import { maskUrl } from '../../platform/urls.ts';
import { meshStates } from './state.ts';

/** Who speaks for the projects that the caller sees: one entry for each hub, from its newest presence and its newest health. */
export async function meshHubs(db: Db, caller: Caller, project?: string): Promise<MeshHub[]> {
  authorize(caller, 'ops:view', project);
  const hubs = new Map<string, MeshHub>();
  for (const state of await meshStates(db, ['presence', 'health'], project)) {
    if (!sees(caller, state.project)) continue;
    const key = `${state.project} ${state.source}`;
    const known = hubs.get(key) ?? {
      project: state.project,
      hubId: state.source,
      tools: [],
      capabilities: [],
      degradedReasons: [],
      lastHeardAt: iso(state.receivedAt),
    };
    const lastHeardAt = known.lastHeardAt > iso(state.receivedAt) ? known.lastHeardAt : iso(state.receivedAt);
    hubs.set(key, { ...known, ...said(state.kind, state.payload), lastHeardAt });
  }
  return [...hubs.values()];
}

/** What was stored by another version of the hub may lack something: then it says nothing. */
function said(kind: string, payload: unknown): Partial<MeshHub> {
  if (kind === 'health') {
    const health = HubHealth.safeParse(payload);
    if (!health.success) return {};
    const { status, latencyMs, degradedReasons } = health.data;
    return { status, latencyMs, degradedReasons };
  }
  const presence = Presence.safeParse(payload);
  if (!presence.success) return {};
  const { hubUrl, version, tools, capabilities } = presence.data;
  return { hubUrl: maskUrl(hubUrl), version, tools, capabilities };
}
