import type {
  HealPolicy,
  ProbeDeclaration,
  ProjectDeclaration,
  RemedyDeclaration,
  ServiceDeclaration,
} from '@orrery/protocol';
import { maskUrl, variable } from '../platform/urls.ts';

/** Headers that say nothing worth hiding. */
const PLAIN_HEADERS = new Set(['accept', 'accept-language', 'cache-control', 'content-type', 'host', 'user-agent']);

type Hide = (what: string) => string;
type Web = Extract<ProbeDeclaration, { kind: 'http' | 'prometheus' | 'promql' }>;

/** The services of a project with the secrets of their probes replaced by references, each by one of its own. */
export const maskServices = (slug: string, services: readonly ServiceDeclaration[]): ServiceDeclaration[] =>
  services.map((service) => {
    const seen = new Map<string, number>();
    const probes = service.probes.map((probe) => {
      const nth = (seen.get(probe.kind) ?? 0) + 1;
      seen.set(probe.kind, nth);
      const owner = `${slug}_${service.name}_${probe.kind}`;
      return maskProbe(probe, (what) => variable(nth === 1 ? owner : `${owner}_${nth}`, what));
    });
    const { heal } = service;
    const hide = (what: string) => variable(`${slug}_${service.name}_heal`, what);
    return { ...service, probes, ...(heal ? { heal: heal.map((policy) => maskPolicy(policy, hide)) } : {}) };
  });

const maskPolicy = ({ rollback, ...policy }: HealPolicy, hide: Hide): HealPolicy => ({
  ...policy,
  remedy: maskRemedy(policy.remedy, hide),
  ...(rollback ? { rollback: maskRemedy(rollback, hide) } : {}),
});

/** Arguments and addresses of remedies may hold a key. */
function maskRemedy(remedy: RemedyDeclaration, hide: Hide): RemedyDeclaration {
  switch (remedy.kind) {
    case 'docker':
      return {
        ...remedy,
        ...(remedy.url === undefined ? {} : { url: maskUrl(remedy.url) }),
        ...maskTls(remedy.tls, hide),
      };
    case 'systemd':
      return remedy;
    case 'postgres':
      return { ...remedy, url: maskDatabaseUrl(remedy.url, hide), ...maskTls(remedy.tls, hide) };
    case 'action':
      return remedy.params === undefined ? remedy : { ...remedy, params: {} };
    case 'webhook':
      return { ...remedy, url: hide('URL'), ...(remedy.secret === undefined ? {} : { secret: hide('SECRET') }) };
    case 'command': {
      const [program = '', ...args] = remedy.run;
      return { ...remedy, run: [program, ...args.map((_, i) => hide(`ARGUMENT_${i + 1}`))] };
    }
  }
}

/** The database that is looked at, without its password and key. */
export function maskPerformance<T extends Pick<ProjectDeclaration, 'slug' | 'performance'>>(project: T): T {
  const { slug, performance } = project;
  if (!performance?.postgres) return project;
  const hide = (what: string) => variable(`${slug}_performance`, what);
  const { url, tls } = performance.postgres;
  const postgres = { ...performance.postgres, url: maskDatabaseUrl(url, hide), ...maskTls(tls, hide) };
  return { ...project, performance: { ...performance, postgres } };
}

/** The project's certificate with its private key replaced by a reference. */
export const maskIdentity = <T extends Pick<ProjectDeclaration, 'slug' | 'clientCertificate'>>(project: T): T =>
  project.clientCertificate === undefined
    ? project
    : {
        ...project,
        clientCertificate: { ...project.clientCertificate, key: variable(project.slug, 'CLIENT_KEY') },
      };

/** What is sent to a target may hold a key: bodies and texts are hidden as a whole. */
function maskProbe(probe: ProbeDeclaration, hide: Hide): ProbeDeclaration {
  switch (probe.kind) {
    case 'heartbeat':
    case 'dns':
    case 'tls':
      return probe;
    case 'instance':
      return probe.url === undefined ? probe : { ...probe, url: maskUrl(probe.url) };
    case 'http':
      return { ...probe, ...maskWeb(probe, hide), ...(probe.body === undefined ? {} : { body: hide('BODY') }) };
    case 'prometheus':
      return { ...probe, ...maskWeb(probe, hide) };
    case 'promql':
      return { ...probe, ...maskWeb(probe, hide) };
    case 'tcp':
      return probe.send === undefined ? probe : { ...probe, send: hide('SEND') };
    case 'postgres':
      return { ...probe, url: maskDatabaseUrl(probe.url, hide), ...maskTls(probe.tls, hide) };
    case 'redis':
      return { ...probe, url: maskDatabaseUrl(probe.url, hide), ...maskTls(probe.tls, hide) };
    case 'docker':
      return {
        ...probe,
        ...(probe.url === undefined ? {} : { url: maskUrl(probe.url) }),
        ...maskTls(probe.tls, hide),
      };
  }
}

function maskWeb({ url, headers, basicAuth, bearer, tls }: Web, hide: Hide) {
  const masked = Object.entries(headers ?? {}).map(([name, value]) => [
    name,
    PLAIN_HEADERS.has(name.toLowerCase()) ? value : hide(`HEADER_${name}`),
  ]);
  return {
    url: maskUrl(url),
    ...(headers === undefined ? {} : { headers: Object.fromEntries(masked) as Record<string, string> }),
    ...(basicAuth === undefined ? {} : { basicAuth: { ...basicAuth, password: hide('PASSWORD') } }),
    ...(bearer === undefined ? {} : { bearer: hide('BEARER') }),
    ...maskTls(tls, hide),
  };
}

const maskTls = (tls: Web['tls'], hide: Hide) =>
  tls?.key === undefined ? {} : { tls: { ...tls, key: hide('TLS_KEY') } };

/** Host and database stay to be seen; user and password become one reference. */
const maskDatabaseUrl = (url: string, hide: Hide): string =>
  maskUrl(url).replace('//***@', () => `//${hide('CREDENTIALS')}@`);
