import {
  AttackReport,
  CloudEvent,
  MESH_PAYLOADS,
  type MeshKind,
  type PerformanceWindow,
  parseSubject,
} from '@orrery/protocol';
import type { z } from 'zod';
import type { IncomingEdges, IncomingEvent, IncomingSample, IncomingState, Seen } from './facts.ts';
import { deeperThan, isObject, isValue, line } from './json.ts';

/** What one pushed event comes to. */
export type Digest = {
  id: string;
  samples: IncomingSample[];
  /** Samples that have not even the shape of one, by reason. */
  refused: Record<string, number>;
  events: IncomingEvent[];
  edges?: Partial<IncomingEdges>;
  /** What was measured, and when that ended. */
  window?: { at: number; window: PerformanceWindow };
  /** What replaces an older one of its kind. */
  state?: IncomingState;
  seen: Omit<Seen, 'project'>;
};
export type Refused = { id: string; field: string; reason: string; why: RefusalWord };
export type RefusalWord =
  | 'event_shape'
  | 'event_namespace'
  | 'event_subject'
  | 'event_project'
  | 'event_payload'
  | 'event_size'
  | 'event_stale';

const MAX_DEPTH = 32;
const MAX_DATA_BYTES = 256 * 1024;
const OLDEST_MS = 30 * 86_400_000;
const FUTURE_MS = 5 * 60_000;
/** The inbox knows an id for as long: of what is older nobody can say whether it came before. */
export const STALE_MS = 7 * 86_400_000;

type Sender = { slug: string; meshNs?: string | undefined };
type Payloads = { [K in keyof typeof MESH_PAYLOADS]: z.output<(typeof MESH_PAYLOADS)[K]> };

/** Pure: checks one pushed event against its sender and says what it comes to. Times that make no sense are replaced by the time of arrival. */
export function digest(raw: unknown, sender: Sender, receivedAt: number): { ok: Digest } | { refused: Refused } {
  const id = isObject(raw) && typeof raw.id === 'string' ? line(raw.id, 128) : '';
  const refuse = (why: RefusalWord, field: string, reason: string) => ({ refused: { id, field, reason, why } });
  const parsed = CloudEvent.safeParse(raw);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return refuse('event_shape', issue?.path.join('.') || '(whole)', issue?.message ?? 'is no CloudEvent');
  }
  const event = parsed.data;
  if (/\p{Cc}/u.test(event.id)) return refuse('event_shape', 'id', 'must not hold control characters');
  const meshNs = sender.meshNs ?? `${sender.slug}.mesh`;
  const subject = parseSubject(event.type, meshNs) ?? parseSubject(event.type);
  const later = subject ? undefined : laterVersion(event.type, meshNs);
  if (!subject && later === undefined) {
    if (!event.type.startsWith(`${meshNs}.`) && isForeign(event.type))
      return refuse('event_namespace', 'type', `must begin with the project's namespace ${meshNs}`);
    return refuse('event_subject', 'type', `"${line(event.type, 80)}" is no subject of the mesh`);
  }
  if (deeperThan(event.data, MAX_DEPTH)) return refuse('event_size', 'data', `is nested deeper than ${MAX_DEPTH}`);
  if (event.time !== undefined && Date.parse(event.time) < receivedAt - STALE_MS)
    return refuse('event_stale', 'time', 'is more than seven days ago');
  const at = saneTime(event.time, receivedAt);
  const base: Digest = { id: event.id, samples: [], refused: {}, events: [], seen: { at: receivedAt } };

  if (!subject || subject.kind === 'events.<type>') {
    const wrong = checkLoose(event.data, sender, refuse);
    if (wrong) return wrong;
    if (subject?.id === 'security.attack') {
      // Only what has its place in the schema is kept: what an attacker wrote must not travel on.
      const report = AttackReport.safeParse(event.data);
      if (!report.success) {
        const [issue] = report.error.issues;
        return refuse(
          'event_payload',
          ['data', ...(issue?.path ?? [])].join('.'),
          issue?.message ?? 'is no report of attacks',
        );
      }
      return { ok: { ...base, events: [attackEvent(event, report.data, sender.slug, at)] } };
    }
    const told = subject
      ? productEvent(event, subject.id ?? '', sender.slug, at)
      : unknownVersion(event, later ?? '', sender.slug, at);
    return { ok: { ...base, events: [told] } };
  }
  const payload = MESH_PAYLOADS[subject.kind].safeParse(event.data);
  if (!payload.success) {
    const [issue] = payload.error.issues;
    return refuse(
      'event_payload',
      ['data', ...(issue?.path ?? [])].join('.'),
      issue?.message ?? 'is not the payload of this subject',
    );
  }
  const owner = ownerOf(payload.data);
  if (owner && owner.slug !== sender.slug) return wrongProject(refuse, owner.field, sender);
  if ('meshNs' in payload.data && payload.data.meshNs !== meshNs)
    return refuse('event_namespace', 'data.meshNs', `is not the project's namespace ${meshNs}`);
  const kind = STATES[subject.kind];
  return {
    ok: {
      ...base,
      ...READ[subject.kind](payload.data as never, { at, receivedAt }),
      ...(kind ? { state: { kind, source: subject.id ?? '', at, id: event.id, payload: payload.data } } : {}),
    },
  };
}

/** Subjects of which the newest message counts. */
const STATES: Partial<Record<MeshKind, IncomingState['kind']>> = {
  'hub.presence.<hubId>': 'presence',
  'hub.health.<hubId>': 'health',
  'graph.summary.nodes': 'graph',
  'audit.summary.status': 'audit',
  'security.summary.status': 'security',
  'deploy.summary.status': 'deploy',
};

type Refuse = (why: RefusalWord, field: string, reason: string) => { refused: Refused };

/** What is asked of data that have no schema here. */
function checkLoose(data: unknown, sender: Sender, refuse: Refuse): { refused: Refused } | undefined {
  const named = isObject(data) ? (data.projectSlug ?? data.fromProject) : undefined;
  if (named !== undefined && named !== sender.slug) return wrongProject(refuse, 'data.projectSlug', sender);
  if (JSON.stringify(data ?? null).length > MAX_DATA_BYTES)
    return refuse('event_size', 'data', `is larger than ${MAX_DATA_BYTES} bytes`);
  return undefined;
}

/** Whether a type is a subject of the mesh behind somebody's namespace. */
function isForeign(type: string): boolean {
  for (let dot = type.indexOf('.'); dot !== -1; dot = type.indexOf('.', dot + 1))
    if (parseSubject(type.slice(dot + 1))) return true;
  return false;
}

function ownerOf(payload: object): { slug: string; field: string } | undefined {
  if ('projectSlug' in payload && typeof payload.projectSlug === 'string')
    return { slug: payload.projectSlug, field: 'data.projectSlug' };
  if ('fromProject' in payload && typeof payload.fromProject === 'string')
    return { slug: payload.fromProject, field: 'data.fromProject' };
  return undefined;
}

const wrongProject = (refuse: Refuse, field: string, sender: Sender) =>
  refuse('event_project', field, `is not the sender's project "${sender.slug}"`);

/** The subject, after the namespace, of a message that is a later version (`….v2`) of one that the mesh knows. */
function laterVersion(type: string, meshNs: string): string | undefined {
  const rest = type.startsWith(`${meshNs}.`) ? type.slice(meshNs.length + 1) : type;
  const [, known] = /^(.+)\.v\d{1,3}$/.exec(rest) ?? [];
  return known !== undefined && parseSubject(known) ? rest : undefined;
}

/** What a hub that is older than its sender does not understand is kept for a later one. */
const unknownVersion = (event: CloudEvent, subject: string, project: string, at: number): IncomingEvent => ({
  id: event.id,
  at,
  type: 'mesh.unknown_version',
  project,
  title: `${subject} is newer than this hub`,
  data: { subject, payload: event.data },
});

function productEvent(event: CloudEvent, type: string, project: string, at: number): IncomingEvent {
  const data = isObject(event.data) ? event.data : {};
  const titles = [data.title, data.message, event.subject].filter((text) => typeof text === 'string');
  const title = titles.map((text) => line(text, 300)).find((text) => text !== '');
  const service = typeof data.service === 'string' ? line(data.service, 63) : '';
  return {
    id: event.id,
    at,
    type,
    project,
    ...(service ? { service } : {}),
    title: title ?? type,
    ...(event.data === undefined ? {} : { data: event.data }),
  };
}

function attackEvent(event: CloudEvent, report: AttackReport, project: string, at: number): IncomingEvent {
  const total = report.sightings.reduce((sum, { count }) => sum + count, report.more);
  const families = [...new Set(report.sightings.map(({ family }) => family))].join(', ');
  return {
    id: event.id,
    at,
    type: 'security.attack',
    project,
    title: `${total} ${total === 1 ? 'attack' : 'attacks'}: ${families}`,
    data: report,
  };
}

type Context = { at: number; receivedAt: number };
type Part = Partial<Omit<Digest, 'id'>>;

/** What each payload of the mesh comes to: figures become samples, presence and health are sightings, edges and calls are the catalog's. */
const READ: { [K in Exclude<MeshKind, 'events.<type>'>]: (payload: Payloads[K], context: Context) => Part } = {
  'hub.presence.<hubId>': (payload, { receivedAt }) => ({
    seen: { at: receivedAt, version: line(payload.version, 64) },
  }),
  'hub.health.<hubId>': (payload, { receivedAt }) => {
    const at = saneTime(payload.sampleAt, receivedAt);
    return {
      samples: [
        { key: 'health.latency_ms', value: payload.latencyMs, unit: 'ms', at },
        { key: 'health.status', value: payload.status, at },
      ],
    };
  },
  'graph.summary.nodes': ({ counts, ts }, { receivedAt }) =>
    figures(
      {
        'graph.files': counts.files,
        'graph.symbols': counts.symbols,
        'graph.tasks': counts.tasks,
        'graph.audits': counts.audits,
      },
      saneTime(ts, receivedAt),
    ),
  'audit.summary.status': ({ ok, warn, fail, lastRun }, { at }) =>
    figures({ 'audit.ok': ok, 'audit.warn': warn, 'audit.fail': fail, 'audit.last_run_at': Date.parse(lastRun) }, at),
  'security.summary.status': ({ vulnsCritical, vulnsHigh, lastScan }, { at }) =>
    figures(
      {
        'security.vulns_critical': vulnsCritical,
        'security.vulns_high': vulnsHigh,
        'security.last_scan_at': Date.parse(lastScan),
      },
      at,
    ),
  'deploy.summary.status': ({ lastDeployedAt }, { at }) =>
    figures({ 'deploy.last_deployed_at': Date.parse(lastDeployedAt) }, at),
  'integration.edge': ({ toProject, kind, strength, proof }, { at }) => ({
    edges: { hints: [{ to: toProject, kind, strength, proof, at }] },
  }),
  'calls.summary.outgoing': ({ hosts, windowMs, ts }, { receivedAt }) => ({
    edges: {
      calls: hosts.map(({ host, calls, failed }) => ({ host, calls, failed, windowMs, at: saneTime(ts, receivedAt) })),
    },
  }),
  'performance.summary.window': (window, { receivedAt }) => ({
    window: { at: saneTime(window.ts, receivedAt), window },
  }),
  'metrics.samples': ({ samples }) => readSamples(samples),
};

const figures = (values: Record<string, number>, at: number): Part => ({
  samples: Object.entries(values).map(([key, value]) => ({ key, value, at })),
});

/** Shapes samples; whether value, time and names are good is for whoever stores them to say. */
function readSamples(raw: readonly unknown[]): Part {
  const samples: IncomingSample[] = [];
  const refused: Record<string, number> = {};
  const refuse = (reason: string) => {
    refused[reason] = (refused[reason] ?? 0) + 1;
  };
  for (const entry of raw) {
    if (!isObject(entry)) {
      refuse('bad_shape');
      continue;
    }
    const { key, value, at, service, unit, tags } = entry;
    const shaped =
      typeof key === 'string' &&
      isValue(value) &&
      (service === undefined || typeof service === 'string') &&
      (unit === undefined || (typeof unit === 'string' && isValue(unit))) &&
      (tags === undefined || isObject(tags));
    const time = typeof at === 'string' ? Date.parse(at) : undefined;
    if (!shaped) refuse('bad_shape');
    else if (at !== undefined && (time === undefined || Number.isNaN(time))) refuse('bad_time');
    else
      samples.push({
        key,
        value,
        ...(time === undefined ? {} : { at: time }),
        ...(service === undefined ? {} : { service }),
        ...(unit === undefined ? {} : { unit }),
        // Their values are checked to be text where they are stored.
        ...(tags === undefined ? {} : { tags: tags as Readonly<Record<string, string>> }),
      });
  }
  return { samples, refused };
}

/** The time that a sender states, or the time of arrival when that is absurd: more than 30 days ago or 5 minutes ahead. */
function saneTime(text: string | undefined, receivedAt: number): number {
  const at = text === undefined ? Number.NaN : Date.parse(text);
  return at >= receivedAt - OLDEST_MS && at <= receivedAt + FUTURE_MS ? at : receivedAt;
}
