import type {
  Agent,
  AgentName,
  Agents,
  AiBudget,
  AiCall,
  AiForecast,
  AiProviderView,
  AiUsage,
  Alert,
  AnalysisView,
  Assigned,
  AuditRecord,
  BudgetInput,
  ChannelView,
  ConfigStatus,
  Dashboard,
  Delivery,
  Diagnosis,
  EcosystemGraph,
  Fanout,
  FanoutAnswer,
  FanoutDetail,
  FedMetrics,
  FedProject,
  Forecast,
  ForecastDetail,
  HealAttempt,
  HealControl,
  HealPolicyView,
  HealSimulation,
  Incident,
  InvitationInput,
  InvitationView,
  Job,
  KeyInput,
  KeyView,
  LogTemplate,
  MaintenanceDeclaration,
  MaintenanceView,
  Me,
  MeshStatus,
  OpsEvent,
  OpsHealth,
  PasskeyView,
  Pattern,
  Problem,
  Profile,
  ProjectAdded,
  ProjectDetail,
  ProjectInput,
  ProjectLogs,
  ProjectPerformance,
  RouteView,
  RuleView,
  SecurityIncident,
  SecurityPosture,
  SignInWays,
  Silence,
  SilenceInput,
  TenantInput,
  TenantPatch,
  TenantView,
  UsageBy,
  UserPatch,
  UserView,
} from '@orrery/protocol';

/** The one client of the hub. Types only come from the protocol: the console trusts its own hub and carries no validator. */

export type Page<T> = { items: T[]; nextCursor?: string };
export type FieldIssue = { field: string; reason: string };

export class ApiError extends Error {
  readonly status: number;
  readonly fields: readonly FieldIssue[];
  readonly requestId: string | undefined;
  constructor(status: number, message: string, fields: readonly FieldIssue[] = [], requestId?: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.fields = fields;
    this.requestId = requestId;
  }
}

/** The reason to show for one input, if the hub named it. */
export function fieldReason(error: unknown, field: string): string | undefined {
  return error instanceof ApiError ? error.fields.find((issue) => issue.field === field)?.reason : undefined;
}

let unauthorized = () => {};
/** Says what happens when the session has ended: the router goes to the sign-in page. */
export function onUnauthorized(handler: () => void): void {
  unauthorized = handler;
}

type Query = Record<string, string | number | boolean | readonly string[] | undefined>;
type Options = { query?: Query; body?: unknown; signal?: AbortSignal | undefined; public?: boolean };

export function urlOf(path: string, query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined || value === '') continue;
    for (const item of Array.isArray(value) ? value : [value]) params.append(key, String(item));
  }
  const text = params.toString();
  return text ? `${path}?${text}` : path;
}

/** Throws the ApiError that an unsuccessful answer stands for: problem+json, Better Auth's `{message}`, a model's `{error: {message}}`, or nothing readable. */
export async function refuse(response: Response): Promise<never> {
  const text = await response.text().catch(() => '');
  let body: Partial<Omit<Problem, 'error'>> & { message?: string; error?: string | { message?: string } } = {};
  try {
    body = JSON.parse(text) ?? {};
  } catch {
    // A proxy's HTML page says less than the status does.
  }
  // The wire formats of models have their words inside; the envelope of /admin/system has them here.
  const inner = typeof body.error === 'object' ? body.error?.message : body.error;
  const detail =
    body.detail ?? body.message ?? inner ?? `The hub answered ${response.status} ${response.statusText}`.trim();
  throw new ApiError(response.status, detail, body.fields ?? [], body.requestId);
}

async function send(method: string, path: string, options: Options = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(urlOf(path, options.query), {
      method,
      credentials: 'same-origin',
      headers: {
        accept: 'application/json',
        ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      ...(options.signal ? { signal: options.signal } : {}),
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError(0, 'The hub cannot be reached');
  }
  if (response.status === 401 && !options.public) unauthorized();
  return response.ok ? response : refuse(response);
}

async function call<T>(method: string, path: string, options?: Options): Promise<T> {
  const response = await send(method, path, options);
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

const seg = encodeURIComponent;
export type SessionItem = {
  id: string;
  current: boolean;
  createdAt: string;
  expiresAt: string;
  ipAddress?: string;
  userAgent?: string;
};
export type AuditQuery = { [K in 'actor' | 'verb' | 'project' | 'from' | 'q']?: string | undefined };
export type AlertQuery = { status?: string | undefined; severity?: string | undefined; project?: string | undefined };
export type MetricsQuery = { key: readonly string[]; from: number; to: number; step: number; stat?: string };
export type SecurityQuery = { state?: string | undefined; family?: string | undefined; project?: string | undefined };
export type IncidentQuery = { status?: string | undefined; project?: string | undefined };
/** As people write it: what has a default may be left out. */
export type MaintenanceInput = Partial<MaintenanceDeclaration> & Pick<MaintenanceDeclaration, 'name' | 'title'>;
export type StatusPageItem = { slug: string; title: string; services: number; path: string };
export type LogsQuery = { level?: string | undefined; q?: string | undefined; since?: string | undefined };

export type AiCallsQuery = {
  from: number;
  to: number;
  outcome?: string | undefined;
  intent?: string | undefined;
  failedOver?: boolean;
};
export type AiTry = { intent: 'chat' | 'extract' | 'summarize' | 'route'; text: string; model: string };
const span = ({ from, to }: { from: number; to: number }) => ({
  from: new Date(from).toISOString(),
  to: new Date(to).toISOString(),
});

/** One call through the gateway, as a program would make it; which record tells of it stands in a header. */
async function aiTry({ intent, text, model }: AiTry): Promise<{ answer: string; auditId: string | undefined }> {
  const chat = intent === 'chat';
  const body = chat
    ? { model, messages: [{ role: 'user', content: text }] }
    : { intent, payload: { raw_text: text, ...(model === 'auto' ? {} : { model }) } };
  const response = await send('POST', chat ? '/v1/chat/completions' : '/orchestrate', { body });
  const said = (await response.json()) as {
    choices?: { message?: { content?: unknown } }[];
    result?: unknown;
    auditId?: string;
  };
  const answer = chat ? said.choices?.[0]?.message?.content : said.result;
  return {
    answer: typeof answer === 'string' ? answer : JSON.stringify(answer ?? said, null, 2),
    auditId: said.auditId ?? response.headers.get('x-orrery-audit-id') ?? undefined,
  };
}

export const api = {
  me: (signal?: AbortSignal) => call<Me>('GET', '/api/me', { signal, public: true }),
  setupState: (signal?: AbortSignal) => call<{ needed: boolean }>('GET', '/api/setup', { signal, public: true }),
  setup: (body: { token: string; name: string; email: string; password: string }) =>
    call<Me>('POST', '/api/setup', { body, public: true }),
  signIn: (body: { email: string; password: string }) =>
    call<Me | { secondFactor: true }>('POST', '/api/auth/sign-in/email', { body, public: true }),
  signInWays: (signal?: AbortSignal) => call<SignInWays>('GET', '/api/auth/ways', { signal, public: true }),
  secondStep: (code: string, recovery: boolean) =>
    call<Me>('POST', '/api/auth/sign-in/second-factor', { body: { code, recovery }, public: true }),
  passkeyChallenge: () =>
    call<PublicKeyCredentialRequestOptionsJSON>('POST', '/api/auth/sign-in/passkey/challenge', { public: true }),
  passkeySignIn: (response: unknown) =>
    call<Me>('POST', '/api/auth/sign-in/passkey', { body: { response }, public: true }),
  forgotPassword: (email: string) =>
    call<unknown>('POST', '/api/auth/forgot-password', { body: { email }, public: true }),
  resetPassword: (token: string, password: string) =>
    call<unknown>('POST', '/api/auth/reset-password', { body: { token, password }, public: true }),
  lookInvitation: (token: string) =>
    call<{ email: string; role: string }>('POST', '/api/invitations/look', { body: { token }, public: true }),
  acceptInvitation: (body: { token: string; name: string; password: string }) =>
    call<Me>('POST', '/api/invitations/accept', { body, public: true }),

  profile: (signal?: AbortSignal) => call<Profile>('GET', '/api/auth/profile', { signal }),
  changePassword: (body: { currentPassword: string; newPassword: string }) =>
    call<Me | { secondFactor: true }>('POST', '/api/auth/change-password', { body }),
  beginSecondFactor: (password: string) =>
    call<{ uri: string; recoveryCodes: string[] }>('POST', '/api/auth/second-factor/begin', { body: { password } }),
  confirmSecondFactor: (code: string) => call<Me>('POST', '/api/auth/second-factor/confirm', { body: { code } }),
  disableSecondFactor: (password: string) =>
    call<Me>('POST', '/api/auth/second-factor/disable', { body: { password } }),
  newRecoveryCodes: (password: string) =>
    call<{ recoveryCodes: string[] }>('POST', '/api/auth/second-factor/recovery-codes', { body: { password } }),
  passkeys: (signal?: AbortSignal) => call<{ items: PasskeyView[] }>('GET', '/api/auth/passkeys', { signal }),
  newPasskeyChallenge: () => call<PublicKeyCredentialCreationOptionsJSON>('POST', '/api/auth/passkeys/challenge', {}),
  addPasskey: (name: string, response: unknown) =>
    call<unknown>('POST', '/api/auth/passkeys', { body: { name, response } }),
  removePasskey: (id: string) => call<void>('DELETE', `/api/auth/passkeys/${seg(id)}`),
  sessions: (signal?: AbortSignal) => call<{ items: SessionItem[] }>('GET', '/api/auth/list-sessions', { signal }),
  endSession: (id: string) => call<unknown>('POST', '/api/auth/revoke-session', { body: { id } }),

  users: (signal?: AbortSignal) => call<{ items: UserView[] }>('GET', '/api/users', { signal }),
  changeUser: (id: string, patch: UserPatch) => call<UserView>('PATCH', `/api/users/${seg(id)}`, { body: patch }),
  resetLink: (id: string) => call<{ link: string; mailed: boolean }>('POST', `/api/users/${seg(id)}/reset-link`),
  clearFactors: (id: string) => call<UserView>('DELETE', `/api/users/${seg(id)}/second-factor`),
  tenants: (signal?: AbortSignal) => call<{ items: TenantView[] }>('GET', '/api/tenants', { signal }),
  createTenant: (body: TenantInput) => call<TenantView>('POST', '/api/tenants', { body }),
  changeTenant: (id: string, body: TenantPatch) => call<TenantView>('PATCH', `/api/tenants/${seg(id)}`, { body }),
  removeTenant: (id: string) => call<void>('DELETE', `/api/tenants/${seg(id)}`),
  assignProject: (slug: string, tenant: string | null) =>
    call<Assigned>('PUT', `/api/fed/projects/${seg(slug)}/tenant`, { body: { tenant } }),
  invitations: (signal?: AbortSignal) => call<{ items: InvitationView[] }>('GET', '/api/invitations', { signal }),
  invite: (body: InvitationInput) =>
    call<InvitationView & { link: string; mailed: boolean }>('POST', '/api/invitations', { body }),
  revokeInvitation: (id: string) => call<InvitationView>('DELETE', `/api/invitations/${seg(id)}`),
  signOut: () => call<unknown>('POST', '/api/auth/sign-out', { body: {}, public: true }),

  dashboard: (signal?: AbortSignal) => call<Dashboard>('GET', '/api/dashboard', { signal }),
  projects: (signal?: AbortSignal) => call<FedProject[]>('GET', '/api/fed/projects', { signal }),
  project: (slug: string, signal?: AbortSignal) =>
    call<ProjectDetail>('GET', `/api/fed/projects/${seg(slug)}`, { signal }),
  addProject: (body: ProjectInput, dryRun: boolean) =>
    call<ProjectAdded>('POST', '/api/fed/projects', { body, query: { dryRun } }),
  removeProject: (slug: string) => call<void>('DELETE', `/api/fed/projects/${seg(slug)}`),
  refresh: (projects: string[]) =>
    call<{ results: { project: string; status: string; reason?: string }[] }>('POST', '/api/fed/refresh', {
      body: { projects },
    }),
  runAction: (body: { action: string; projects?: string[]; params?: Record<string, unknown>; dryRun: boolean }) =>
    call<FanoutAnswer>('POST', '/api/fed/actions', { body }),
  actions: (cursor?: string, signal?: AbortSignal) =>
    call<Page<Fanout>>('GET', '/api/fed/actions', { signal, query: { cursor, limit: 50 } }),
  action: (id: string, signal?: AbortSignal) => call<FanoutDetail>('GET', `/api/fed/actions/${seg(id)}`, { signal }),
  graph: (signal?: AbortSignal, at?: string) =>
    call<EcosystemGraph>('GET', '/api/fed/graph', { signal, query: { at } }),
  metrics: (slug: string, { key, from, to, step, stat }: MetricsQuery, signal?: AbortSignal) =>
    call<FedMetrics>('GET', `/api/fed/metrics/${seg(slug)}`, {
      signal,
      query: { key, from: new Date(from).toISOString(), to: new Date(to).toISOString(), step: `${step}ms`, stat },
    }),
  logs: (slug: string, query: LogsQuery, cursor?: string, signal?: AbortSignal) =>
    call<ProjectLogs>('GET', `/api/fed/logs/${seg(slug)}`, { signal, query: { ...query, cursor, limit: 200 } }),
  performance: (project: string, signal?: AbortSignal) =>
    call<ProjectPerformance>('GET', '/api/performance', { signal, query: { project } }),
  logTemplates: (project: string, order: 'frequent' | 'newest', signal?: AbortSignal) =>
    call<{ items: LogTemplate[] }>('GET', '/ops/log-templates', { signal, query: { project, order, limit: 100 } }),

  hub: (signal?: AbortSignal) =>
    call<{ status: string; version: string; uptime: number }>('GET', '/health', { signal, public: true }),
  health: (project?: string, signal?: AbortSignal) =>
    call<OpsHealth>('GET', '/ops/health', { signal, query: { project, history: 50 } }),
  events: (query: { project?: string; limit?: number; type?: string }, cursor?: string, signal?: AbortSignal) =>
    call<Page<OpsEvent>>('GET', '/ops/events/recent', { signal, query: { limit: 50, ...query, cursor } }),
  analysis: (signal?: AbortSignal) => call<AnalysisView>('GET', '/ops/analysis', { signal }),
  analyse: () => call<unknown>('POST', '/ops/analysis'),
  attempts: (signal?: AbortSignal) =>
    call<Page<HealAttempt>>('GET', '/ops/autoheal', { signal, query: { limit: 100 } }),
  forecasts: (project: string | undefined, cursor: string | undefined, signal?: AbortSignal) =>
    call<Page<Forecast>>('GET', '/api/forecasts', { signal, query: { project, cursor, limit: 200 } }),
  forecast: (id: string, signal?: AbortSignal) => call<ForecastDetail>('GET', `/api/forecasts/${seg(id)}`, { signal }),
  healPolicies: (signal?: AbortSignal) => call<{ items: HealPolicyView[] }>('GET', '/ops/heal/policies', { signal }),
  healControl: (signal?: AbortSignal) => call<HealControl>('GET', '/ops/heal/control', { signal }),
  attempt: (id: string, signal?: AbortSignal) => call<HealAttempt>('GET', `/ops/autoheal/${seg(id)}`, { signal }),
  simulate: (days: number, signal?: AbortSignal) =>
    call<HealSimulation>('POST', '/api/heal/simulate', { signal, body: { days } }),
  patterns: (signal?: AbortSignal) => call<{ items: Pattern[] }>('GET', '/api/patterns', { signal }),
  allowPattern: (id: string) => call<Pattern>('POST', `/api/patterns/${seg(id)}/allow`, { body: {} }),
  pauseHealing: () => call<HealControl>('POST', '/ops/heal/pause', { body: {} }),
  resumeHealing: () => call<HealControl>('POST', '/ops/heal/resume', { body: {} }),
  decideAttempt: (id: string, verb: 'approve' | 'deny') =>
    call<HealAttempt>('POST', `/ops/autoheal/${seg(id)}/${verb}`, verb === 'deny' ? { body: {} } : {}),
  mesh: (signal?: AbortSignal) => call<MeshStatus>('GET', '/api/fed/mesh', { signal }),
  agents: async (signal?: AbortSignal) =>
    (await call<{ data: Agents }>('GET', '/admin/system/agents', { signal })).data,
  restartAgent: (name: AgentName) => call<{ data: Agent }>('POST', `/admin/system/agents/${seg(name)}/restart`),
  jobs: (signal?: AbortSignal) => call<{ items: Job[] }>('GET', '/ops/jobs', { signal }),

  alerts: (query: AlertQuery, cursor?: string, signal?: AbortSignal) =>
    call<Page<Alert>>('GET', '/api/fed/alerts', { signal, query: { ...query, cursor, limit: 100 } }),
  alert: (id: string, signal?: AbortSignal) => call<Alert>('GET', `/api/fed/alerts/${seg(id)}`, { signal }),
  changeAlert: (id: string, verb: 'acknowledge' | 'resolve' | 'ignore') =>
    call<Alert>('POST', `/api/fed/alerts/${seg(id)}/${verb}`),

  incidents: (query: IncidentQuery, cursor?: string, signal?: AbortSignal) =>
    call<Page<Incident>>('GET', '/ops/incidents', { signal, query: { ...query, cursor, limit: 50 } }),
  incident: (id: string, signal?: AbortSignal) =>
    call<Incident & { alerts: Alert[] }>('GET', `/ops/incidents/${seg(id)}`, { signal }),
  diagnosis: (incidentId: string, signal?: AbortSignal) =>
    call<Diagnosis>('GET', `/api/incidents/${seg(incidentId)}/diagnosis`, { signal }),
  diagnose: (incidentId: string) => call<Diagnosis>('POST', `/api/incidents/${seg(incidentId)}/diagnose`),
  changeIncident: (id: string, verb: 'acknowledge' | 'resolve') =>
    call<unknown>('POST', `/ops/incidents/${seg(id)}/${verb}`),
  security: (query: SecurityQuery, cursor?: string, signal?: AbortSignal) =>
    call<Page<SecurityIncident>>('GET', '/api/security', { signal, query: { ...query, cursor, limit: 100 } }),
  securityIncident: (id: string, signal?: AbortSignal) =>
    call<SecurityIncident>('GET', `/api/security/${seg(id)}`, { signal }),
  posture: (signal?: AbortSignal) => call<{ items: SecurityPosture[] }>('GET', '/api/security/posture', { signal }),
  silences: (signal?: AbortSignal) => call<{ items: Silence[] }>('GET', '/ops/silences', { signal }),
  createSilence: (body: SilenceInput) => call<Silence>('POST', '/ops/silences', { body }),
  endSilence: (id: string) => call<Silence>('DELETE', `/ops/silences/${seg(id)}`),
  maintenance: (signal?: AbortSignal) => call<{ items: MaintenanceView[] }>('GET', '/ops/maintenance', { signal }),
  createMaintenance: (body: MaintenanceInput) => call<MaintenanceView>('POST', '/ops/maintenance', { body }),
  endMaintenance: (name: string) => call<unknown>('DELETE', `/ops/maintenance/${seg(name)}`),
  routes: (signal?: AbortSignal) => call<{ items: RouteView[] }>('GET', '/ops/routes', { signal }),
  rules: (signal?: AbortSignal) => call<{ items: RuleView[] }>('GET', '/ops/rules', { signal }),
  statusPages: (signal?: AbortSignal) => call<{ items: StatusPageItem[] }>('GET', '/ops/status-pages', { signal }),
  allDeliveries: (query: { status?: string | undefined }, cursor?: string, signal?: AbortSignal) =>
    call<Page<Delivery>>('GET', '/ops/deliveries', { signal, query: { ...query, cursor, limit: 50 } }),

  aiUsage: (query: { from: number; to: number; by: UsageBy }, signal?: AbortSignal) =>
    call<AiUsage>('GET', '/ops/ai/usage', { signal, query: { ...span(query), by: query.by } }),
  aiCalls: ({ from, to, ...query }: AiCallsQuery, cursor?: string, limit = 100, signal?: AbortSignal) =>
    call<Page<AiCall>>('GET', '/ops/ai/calls', { signal, query: { ...query, ...span({ from, to }), cursor, limit } }),
  aiCall: (id: string, signal?: AbortSignal) => call<AiCall>('GET', `/ops/ai/calls/${seg(id)}`, { signal }),
  aiForecast: (signal?: AbortSignal) => call<AiForecast>('GET', '/ops/ai/forecast', { signal }),
  aiProviders: (signal?: AbortSignal) => call<{ items: AiProviderView[] }>('GET', '/ops/ai/providers', { signal }),
  aiBudgets: (signal?: AbortSignal) => call<{ items: AiBudget[] }>('GET', '/ops/ai/budgets', { signal }),
  putAiBudget: (name: string, body: BudgetInput) => call<unknown>('PUT', `/ops/ai/budgets/${seg(name)}`, { body }),
  removeAiBudget: (name: string) => call<void>('DELETE', `/ops/ai/budgets/${seg(name)}`),
  aiTry,

  keys: (signal?: AbortSignal) => call<{ items: KeyView[] }>('GET', '/api/keys', { signal }),
  createKey: (body: KeyInput) => call<KeyView & { key: string }>('POST', '/api/keys', { body }),
  rotateKey: (id: string, overlapHours: number) =>
    call<KeyView & { key: string }>('POST', `/api/keys/${seg(id)}/rotate`, { body: { overlapHours } }),
  revokeKey: (id: string) => call<KeyView>('DELETE', `/api/keys/${seg(id)}`),
  audit: (query: AuditQuery, cursor?: string, signal?: AbortSignal) =>
    call<Page<AuditRecord>>('GET', '/api/audit', { signal, query: { ...query, cursor, limit: 50 } }),
  auditEntry: (seq: string, signal?: AbortSignal) => call<AuditRecord>('GET', `/api/audit/${seg(seq)}`, { signal }),
  channels: (signal?: AbortSignal) => call<{ items: ChannelView[] }>('GET', '/api/channels', { signal }),
  deliveries: (name: string, cursor?: string, signal?: AbortSignal) =>
    call<Page<Delivery>>('GET', `/api/channels/${seg(name)}/deliveries`, { signal, query: { cursor, limit: 50 } }),
  testChannel: (name: string) =>
    call<{ ok: boolean; deliveryId: string; detail: string }>('POST', `/api/channels/${seg(name)}/test`),
  configStatus: (signal?: AbortSignal) => call<ConfigStatus>('GET', '/api/config/status', { signal }),
  configExport: async () => (await send('GET', '/api/config/export')).text(),

  /** Opens the live stream; the caller reads its body. */
  stream: (lastEventId: string | undefined, signal: AbortSignal) =>
    fetch('/ops/events/stream', {
      credentials: 'same-origin',
      headers: { accept: 'text/event-stream', ...(lastEventId ? { 'last-event-id': lastEventId } : {}) },
      signal,
    }),
};
