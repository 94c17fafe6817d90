import { Capabilities } from '@orrery/protocol';
import { inTransaction } from '../platform/db.ts';
import { OutboundError } from '../platform/outbound.ts';
import { noTracing } from '../platform/tracing.ts';
import { maskUrl } from '../platform/urls.ts';
import { troubleOf } from './broken.ts';
import type { CatalogDeps } from './catalog.ts';
import { openApiKey, shownVersion, toStored } from './store.ts';
import type { CatalogTables, EndpointRow, ProjectRow } from './tables.ts';

const STANDARD: readonly { name: string; path: string; auth: EndpointRow['auth_kind'] }[] = [
  { name: 'capabilities', path: '/api/capabilities', auth: 'none' },
  { name: 'health', path: '/api/health', auth: 'none' },
  { name: 'metrics', path: '/api/metrics', auth: 'api-key' },
  { name: 'logs', path: '/api/logs?limit=1', auth: 'api-key' },
];

/** Asks every endpoint that an instance has or names in its manifest, and keeps what it answered and how fast. */
export function createVerify(deps: CatalogDeps) {
  const { span } = deps.tracer ?? noTracing;

  const check = (row: ProjectRow, name: string, ...rest: [url: string, auth: EndpointRow['auth_kind'], AbortSignal?]) =>
    span('fed.verify.endpoint', { 'fed.project': row.slug, 'fed.endpoint': name }, async (open) => {
      const checked = await ask(row, name, ...rest);
      const { status, auth_kind, latency_ms, reason } = checked.endpoint;
      open.set({ 'fed.auth': auth_kind, 'fed.latency_ms': latency_ms ?? undefined, 'fed.reason': reason ?? undefined });
      if (status === 'error') open.fail('unreachable');
      return checked;
    });

  async function ask(
    row: ProjectRow,
    name: string,
    url: string,
    auth: EndpointRow['auth_kind'],
    signal?: AbortSignal,
  ): Promise<{ endpoint: EndpointRow; body?: Buffer }> {
    const key = auth === 'api-key' ? openApiKey(row, deps.secrets) : undefined;
    const base = { project: row.slug, name, url: maskUrl(url), auth_kind: auth, last_verified_at: deps.clock.now() };
    try {
      const answer = await deps.outbound.request({
        url,
        as: row.slug,
        timeoutMs: 5000,
        maxBytes: 256 * 1024,
        headers: { accept: 'application/json', ...(key === undefined ? {} : { 'x-api-key': key }) },
        ...(signal ? { signal } : {}),
      });
      // An unhealthy instance answers its health with 503, and one that takes signed requests no other: the endpoint itself works.
      const expected = (name === 'health' && answer.status === 503) || (auth === 'signature' && answer.status === 405);
      const ok = answer.status < 400 || expected;
      return {
        endpoint: {
          ...base,
          status: ok ? 'ok' : 'error',
          latency_ms: answer.latencyMs,
          reason: ok ? null : `HTTP ${answer.status}`,
        },
        body: answer.body,
      };
    } catch (error) {
      if (!(error instanceof OutboundError)) throw error;
      return { endpoint: { ...base, status: 'error', latency_ms: null, reason: error.message } };
    }
  }

  async function verifyOne(row: ProjectRow, signal?: AbortSignal): Promise<void> {
    const origin = toStored(row, deps.secrets).hubUrl.replace(/\/+$/, '');
    const standard = await Promise.all(STANDARD.map((e) => check(row, e.name, origin + e.path, e.auth, signal)));
    const answered = standard[0]?.endpoint.status === 'ok' ? standard[0].body : undefined;
    let manifest: Capabilities | undefined;
    try {
      manifest = answered ? Capabilities.safeParse(JSON.parse(answered.toString('utf8'))).data : undefined;
    } catch {
      manifest = undefined;
    }
    const extra = await Promise.all(
      namedIn(manifest).map(([name, path]) =>
        check(row, name, origin + path, name === 'actions' ? 'signature' : 'api-key', signal),
      ),
    );
    // What was cut short says nothing of the instance: what is known stays.
    if (signal?.aborted) return;
    const endpoints = [...standard, ...extra].map((e) => e.endpoint);
    await inTransaction(deps.db, async (trx) => {
      const tables = trx.withTables<CatalogTables>();
      // Also without news: the row is ours until the end, so that two verifications at once take turns.
      const { numUpdatedRows } = await tables
        .updateTable('projects')
        .set((eb) =>
          manifest
            ? { capabilities: JSON.stringify(manifest), version: shownVersion(manifest.version) }
            : { slug: eb.ref('slug') },
        )
        .where('slug', '=', row.slug)
        .executeTakeFirst();
      if (Number(numUpdatedRows) === 0) return;
      await tables.deleteFrom('endpoints').where('project', '=', row.slug).execute();
      await tables.insertInto('endpoints').values(endpoints).execute();
    });
  }

  /** Verifies one project, or all of them a few at a time; one that cannot be stored is logged and holds up no other. */
  return async (slug?: string, signal?: AbortSignal): Promise<void> => {
    let query = deps.db.withTables<CatalogTables>().selectFrom('projects').selectAll();
    if (slug !== undefined) query = query.where('slug', '=', slug);
    const queue = (await query.execute()).filter((row) => troubleOf(row, deps.secrets) === undefined);
    const worker = async () => {
      for (let row = queue.shift(); row && !signal?.aborted; row = queue.shift()) {
        const project = row.slug;
        await verifyOne(row, signal).catch((error: unknown) =>
          deps.log.error({ err: error, project }, 'the endpoints of a project could not be verified'),
        );
      }
    };
    await Promise.all(Array.from({ length: 8 }, worker));
  };
}

/** What a manifest names beside the standard endpoints. A path stays on the instance's own origin, whatever it says. */
function namedIn(manifest: Capabilities | undefined): [name: string, path: string][] {
  const named = new Map<string, string>();
  for (const [name, path] of Object.entries(manifest?.endpoints ?? {})) {
    const odd = !path.startsWith('/') || path.startsWith('//') || /\p{Cc}/u.test(name + path);
    if (!odd && !STANDARD.some((e) => e.name === name)) named.set(name.slice(0, 64), path);
  }
  return [...named].slice(0, 50);
}
