import { PERMISSIONS, type Permission, permissionsOf, ROLES, type Role } from './roles.ts';

/**
 * What a route, a tool or a command asks of whoever calls:
 * `public` nothing; `any` a person or a program that is known; `person` somebody who is signed in; `cron` the scheduler's secret;
 * `ingest` a project's own key; a permission; or a permission together with the sight of all projects (`… of all`), which no tenant has
 * and no key that is limited to some projects: it is about the hub as a whole.
 */
export type Ask = 'public' | 'any' | 'person' | 'cron' | 'ingest' | Permission | `${Permission} of all`;

/** Every HTTP route, sorted by its path. A test walks the running hub: a route without a line here fails it, and a line without a route. */
export const ROUTE_ASKS: Readonly<Record<string, Ask>> = {
  'POST /api/actions': 'public',
  'GET /api/actions/{auditId}': 'ingest',
  'GET /api/audit': 'configure',
  'GET /api/audit/export': 'configure',
  'GET /api/audit/verify': 'configure of all',
  'GET /api/audit/{seq}': 'configure',
  'POST /api/auth/change-password': 'person',
  'GET /api/auth/get-session': 'public',
  'GET /api/auth/list-sessions': 'person',
  'POST /api/auth/revoke-session': 'person',
  'POST /api/auth/revoke-sessions': 'person',
  'POST /api/auth/sign-in/email': 'public',
  'POST /api/auth/sign-out': 'public',
  'GET /api/capabilities': 'public',
  'GET /api/channels': 'ops:view',
  'GET /api/channels/{name}/deliveries': 'ops:view',
  'POST /api/channels/{name}/test': 'configure',
  'GET /api/config/export': 'configure of all',
  'GET /api/config/status': 'ops:view of all',
  'GET /api/cron/ai-analyze': 'cron',
  'GET /api/cron/ecosystem-monitor': 'cron',
  'GET /api/fed/actions': 'ops:view',
  'POST /api/fed/actions': 'actions:run',
  'GET /api/fed/actions/{requestId}': 'ops:view',
  'GET /api/fed/alerts': 'ops:view',
  'GET /api/fed/alerts/{id}': 'ops:view',
  'POST /api/fed/alerts/{id}/acknowledge': 'alerts:manage',
  'POST /api/fed/alerts/{id}/ignore': 'alerts:manage',
  'POST /api/fed/alerts/{id}/resolve': 'alerts:manage',
  'POST /api/fed/events': 'ingest',
  'GET /api/fed/graph': 'ops:view',
  'GET /api/fed/graph/blast/{slug}': 'ops:view',
  'GET /api/fed/logs/{project}': 'ops:view',
  'GET /api/fed/mesh': 'ops:view of all',
  'GET /api/fed/mesh/hubs': 'ops:view',
  'GET /api/fed/metrics/{project}': 'ops:view',
  'GET /api/fed/metrics/{project}/keys': 'ops:view',
  'GET /api/fed/projects': 'ops:view',
  'POST /api/fed/projects': 'configure of all',
  'DELETE /api/fed/projects/{slug}': 'configure',
  'GET /api/fed/projects/{slug}': 'ops:view',
  'PUT /api/fed/projects/{slug}/tenant': 'configure',
  'POST /api/fed/refresh': 'actions:run',
  'GET /api/fed/sparklines': 'ops:view',
  'POST /api/fed/verify': 'actions:run',
  'GET /api/health': 'public',
  'GET /api/heartbeat/{token}': 'public',
  'POST /api/heartbeat/{token}': 'public',
  'GET /api/keys': 'configure',
  'POST /api/keys': 'configure',
  'DELETE /api/keys/{id}': 'configure',
  'GET /api/me': 'any',
  'POST /api/mesh/announce': 'actions:run',
  'GET /api/setup': 'public',
  'POST /api/setup': 'public',
  'GET /api/status/{slug}': 'public',
  'GET /api/tenants': 'configure',
  'POST /api/tenants': 'configure of all',
  'DELETE /api/tenants/{id}': 'configure',
  'GET /api/tenants/{id}': 'configure',
  'PATCH /api/tenants/{id}': 'configure',
  'GET /docs': 'public',
  'GET /docs/reference.js': 'public',
  'GET /health': 'public',
  'GET /metrics': 'ops:view of all',
  'GET /openapi.json': 'public',
  'GET /ops/ai/budgets': 'ops:view',
  'DELETE /ops/ai/budgets/{name}': 'configure of all',
  'PUT /ops/ai/budgets/{name}': 'configure of all',
  'GET /ops/ai/calls': 'ops:view',
  'GET /ops/ai/calls/{id}': 'ops:view',
  'POST /ops/ai/decide': 'ai:run',
  'GET /ops/ai/forecast': 'ops:view',
  'GET /ops/ai/providers': 'ops:view of all',
  'GET /ops/ai/usage': 'ops:view',
  'GET /ops/analysis': 'ops:view',
  'POST /ops/analysis': 'actions:run of all',
  'GET /ops/autoheal': 'ops:view',
  'GET /ops/autoheal/{id}': 'ops:view',
  'POST /ops/autoheal/{id}/approve': 'actions:run',
  'POST /ops/autoheal/{id}/deny': 'actions:run',
  'GET /ops/deliveries': 'ops:view',
  'GET /ops/events/recent': 'ops:view',
  'GET /ops/events/stream': 'ops:view',
  'GET /ops/heal/control': 'ops:view',
  'POST /ops/heal/pause': 'actions:run of all',
  'GET /ops/heal/policies': 'ops:view',
  'POST /ops/heal/resume': 'actions:run of all',
  'GET /ops/health': 'ops:view',
  'GET /ops/hubs': 'ops:view',
  'GET /ops/incidents': 'ops:view',
  'GET /ops/incidents/{id}': 'ops:view',
  'POST /ops/incidents/{id}/acknowledge': 'alerts:manage',
  'POST /ops/incidents/{id}/resolve': 'alerts:manage',
  'GET /ops/jobs': 'ops:view',
  'POST /ops/jobs/{name}/restart': 'actions:run of all',
  'GET /ops/leads': 'leads:view',
  'GET /ops/log-templates': 'ops:view',
  'GET /ops/maintenance': 'ops:view',
  'POST /ops/maintenance': 'alerts:manage',
  'DELETE /ops/maintenance/{name}': 'alerts:manage',
  'GET /ops/routes': 'ops:view',
  'POST /ops/routes/test': 'ops:view',
  'GET /ops/rules': 'ops:view of all',
  'POST /ops/rules/test': 'alerts:manage of all',
  'GET /ops/silences': 'ops:view',
  'POST /ops/silences': 'alerts:manage',
  'DELETE /ops/silences/{id}': 'alerts:manage',
  'GET /ops/status-pages': 'ops:view',
  'POST /orchestrate': 'ai:run',
  'GET /status.css': 'public',
  'GET /status/{slug}': 'public',
  'POST /v1/chat/completions': 'ai:run',
  'POST /v1/embeddings': 'ai:run',
  'POST /v1/messages': 'ai:run',
  'GET /v1/models': 'ai:run',
  'POST /v1/responses': 'ai:run',
};

/** Every MCP tool, sorted by its name. */
export const TOOL_ASKS: Readonly<Record<string, Ask>> = {};

/** `local` talks to no hub: it works on this machine's files, with the rights of whoever runs it. */
export type CommandAsk = Ask | 'local';

/** Every command of `orrery`, sorted by its words. */
export const COMMAND_ASKS: Readonly<Record<string, CommandAsk>> = {
  'alerts ack': 'alerts:manage',
  'alerts ignore': 'alerts:manage',
  'alerts list': 'ops:view',
  'alerts resolve': 'alerts:manage',
  'audit export': 'configure',
  'audit list': 'configure',
  'audit verify': 'local',
  'channels deliveries': 'ops:view',
  'channels list': 'ops:view',
  'channels test': 'configure',
  'config check': 'local',
  'config export': 'configure of all',
  'config schema': 'local',
  demo: 'local',
  doctor: 'local',
  'env check': 'local',
  'fed actions': 'ops:view',
  'fed graph': 'ops:view',
  'fed refresh': 'actions:run',
  'fed run': 'actions:run',
  'fed verify': 'actions:run',
  'fed vislzr': 'local',
  'heal approve': 'actions:run',
  'heal deny': 'actions:run',
  'heal list': 'ops:view',
  'heal pause': 'actions:run of all',
  'heal policies': 'ops:view',
  'heal resume': 'actions:run of all',
  'incidents ack': 'alerts:manage',
  'incidents list': 'ops:view',
  'incidents show': 'ops:view',
  'keys create': 'configure',
  'keys list': 'configure',
  'keys revoke': 'configure',
  'maintenance create': 'alerts:manage',
  'maintenance end': 'alerts:manage',
  'maintenance list': 'ops:view',
  'mesh config': 'local',
  'mesh status': 'ops:view of all',
  'project add': 'configure of all',
  'project list': 'ops:view',
  'project remove': 'configure',
  'project show': 'ops:view',
  'routes list': 'ops:view',
  'routes test': 'ops:view',
  'rules examples': 'local',
  'rules list': 'ops:view of all',
  'rules test': 'alerts:manage of all',
  'seed-admin': 'local',
  serve: 'local',
  'silences create': 'alerts:manage',
  'silences end': 'alerts:manage',
  'silences list': 'ops:view',
  status: 'ops:view',
  'summary emit': 'actions:run',
  'summary health': 'actions:run',
  'summary integrations': 'actions:run',
  'tenants assign': 'configure',
  'tenants create': 'configure of all',
  'tenants list': 'configure',
  'tenants remove': 'configure',
  'tenants show': 'configure',
  'tenants unassign': 'configure',
  'tenants update': 'configure',
};

/** Who may call, as kinds of caller: each role of staff, the keys of one purpose, and nobody. */
export const FACES = ['nobody', ...ROLES, 'meta key', 'project key', 'cron secret'] as const;
export type Face = (typeof FACES)[number];

const isRole = (face: Face): face is Role => ROLES.some((role) => role === face);

/** Splits an ask into its permission and whether it is about all projects; undefined for an ask of another sort. */
export function permissionAsked(ask: CommandAsk): { permission: Permission; ofAll: boolean } | undefined {
  const ofAll = ask.endsWith(' of all');
  const permission = PERMISSIONS.find((name) => name === ask.replace(/ of all$/, ''));
  return permission === undefined ? undefined : { permission, ofAll };
}

/** Pure: what the matrix says of a face and an ask. `limited` is a caller for whom only some projects exist: a tenant's, or a limited key. */
export function mayCall(face: Face, ask: Ask, limited = false): boolean {
  if (ask === 'public') return true;
  if (ask === 'cron') return face === 'cron secret';
  if (ask === 'ingest') return face === 'project key';
  if (!isRole(face) && face !== 'meta key') return false;
  if (ask === 'any') return true;
  if (ask === 'person') return isRole(face);
  const asked = permissionAsked(ask);
  if (!asked || (asked.ofAll && limited)) return false;
  return isRole(face) ? permissionsOf(face).has(asked.permission) : asked.permission === 'ops:view';
}
