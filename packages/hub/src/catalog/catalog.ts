import { timingSafeEqual } from 'node:crypto';
import type {
  BlastRadius,
  EcosystemGraph,
  FedProject,
  ProjectDeclaration,
  ProjectDetail,
  ThresholdDeclaration,
} from '@orrery/protocol';
import { Capabilities as CapabilitiesSchema } from '@orrery/protocol';
import { stringify } from 'yaml';
import { type AuditEntry, authorize, type Caller, inProjects, visibleProjects } from '../access/index.ts';
import type { NewEvent } from '../events/index.ts';
import { type Clock, isoOrNull } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import type { Log } from '../platform/log.ts';
import type { Outbound } from '../platform/outbound.ts';
import type { Secrets } from '../platform/secrets.ts';
import type { Tracer } from '../platform/tracing.ts';
import { maskUrl } from '../platform/urls.ts';
import { createAdd } from './add.ts';
import { createAssign } from './assign.ts';
import { brokenProject, troubleOf } from './broken.ts';
import { createEdges } from './edges/edges.ts';
import { blastOf } from './edges/shape.ts';
import { edgesOf } from './edges/strength.ts';
import { createObserve } from './observe.ts';
import { createPastGraph, type PastFacts } from './past.ts';
import { createPicture } from './picture.ts';
import { createRemove } from './remove.ts';
import {
  fromReadable,
  hashKey,
  openApiKey,
  resealed,
  type StoredProject,
  shownDeclaration,
  toStored,
} from './store.ts';
import { createSync } from './sync.ts';
import type { CatalogTables, ProjectRow } from './tables.ts';
import { createVerify } from './verify.ts';
import { NO_FACTS, type ProjectFacts, toFedProject, toGraph } from './views.ts';
import { visibleTo } from './visible.ts';

export type FileProject = { declaration: ProjectDeclaration; ref: string };

export type CatalogDeps = {
  db: Db;
  clock: Clock;
  log: Log;
  secrets: Secrets;
  outbound: Outbound;
  appendEvents(trx: Db, events: readonly NewEvent[]): Promise<unknown>;
  audit(trx: Db, entry: AuditEntry): Promise<void>;
  /** What intake and samples know, by slug. */
  facts(slugs: readonly string[]): Promise<ReadonlyMap<string, ProjectFacts>>;
  /** What they knew at a moment of the past (epoch ms); nothing unless given. */
  factsAt?(slugs: readonly string[], at: number): Promise<ReadonlyMap<string, PastFacts>>;
  /** For how long that is kept, in milliseconds. */
  keptMs?(): number;
  /** What the hub presents to an added project that gives no key of its own. */
  defaultApiKey?: string | undefined;
  /** Measures updates and verifications; nothing unless given. */
  tracer?: Tracer;
  /** Whether anybody declares this tenant. */
  tenantExists(tenant: string): Promise<boolean>;
  /** Limits that hold for a project without its declaring them. */
  defaults?(declared: readonly ThresholdDeclaration[]): (ThresholdDeclaration & { declaredIn: string })[];
  /** Silent for longer is offline, in milliseconds; read each time, since a reload may change it. */
  offlineAfterMs(): number;
  /** In which a learned edge loses half of its strength, in milliseconds. */
  halfLifeMs(): number;
};

export type Catalog = ReturnType<typeof createCatalog>;

/** Who exists: projects as declared in the file, through the API or found by their URL, with what was seen of them. */
export function createCatalog(deps: CatalogDeps) {
  const { db, clock, secrets } = deps;
  const tables = db.withTables<CatalogTables>();
  const edges = createEdges(deps);
  const changed = new Set<() => void>();
  const picture = createPicture(deps);
  const announce = () => {
    picture.touch();
    for (const listener of changed) listener();
  };

  const isReadable = (row: ProjectRow) => troubleOf(row, secrets) === undefined;

  async function rowOf(slug: string): Promise<ProjectRow> {
    const row = await tables.selectFrom('projects').selectAll().where('slug', '=', slug).executeTakeFirst();
    if (!row) throw new HubError('not_found', `No project "${slug}".`);
    return row;
  }

  async function list(caller: Caller): Promise<FedProject[]> {
    authorize(caller, 'ops:view');
    const rows = await tables
      .selectFrom('projects')
      .selectAll()
      .where(inProjects(caller, 'slug'))
      .orderBy('name')
      .orderBy('slug')
      .execute();
    const facts = await deps.facts(rows.map((row) => row.slug));
    return fromReadable(rows, deps.log, (row) => {
      const broken = troubleOf(row, secrets);
      if (broken !== undefined) return brokenProject(row, broken);
      const stored = visibleTo(caller, toStored(row, secrets));
      return toFedProject(stored, row, facts.get(row.slug) ?? NO_FACTS, clock.now(), deps.offlineAfterMs());
    });
  }

  let drawn: { version: string; graph: EcosystemGraph } | undefined;

  /** The graph as the caller sees it. What is drawn for those who see everything is drawn once for as long as nothing changes, a second at most. */
  async function graph(caller: Caller): Promise<EcosystemGraph> {
    authorize(caller, 'ops:view');
    const [known, found] = await Promise.all([picture.look(), edges.look()]);
    const now = clock.now();
    const version = `${known.version} ${found.version} ${Math.floor(now / 1000)}`;
    const visible = visibleProjects(caller);
    if (visible === 'all' && drawn?.version === version) return drawn.graph;
    const some = new Set(visible);
    const seen = visible === 'all' ? known.entries : known.entries.filter(({ row }) => some.has(row.slug));
    const facts = new Map(seen.map((entry) => [entry.row.slug, entry.facts]));
    const projects = fromReadable(
      seen.map(({ row }) => row),
      deps.log,
      (row) => {
        const broken = troubleOf(row, secrets);
        if (broken !== undefined) return brokenProject(row, broken);
        return toFedProject(toStored(row, secrets), row, facts.get(row.slug) ?? NO_FACTS, now, deps.offlineAfterMs());
      },
    ).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.slug < b.slug ? -1 : 1));
    const graph = toGraph(projects, edgesOf(projects, found.rows, now, deps.halfLifeMs()));
    if (visible === 'all') drawn = { version, graph };
    return graph;
  }

  return {
    add: createAdd(deps, announce),
    assign: createAssign(deps, announce),
    remove: createRemove(deps, announce),
    sync: createSync(deps, announce),
    ...createObserve({ ...deps, onWritten: picture.touch }),
    verify: createVerify(deps),
    list,

    async get(caller: Caller, slug: string): Promise<ProjectDetail> {
      authorize(caller, 'ops:view', slug);
      const row = await rowOf(slug);
      const broken = troubleOf(row, secrets);
      if (broken !== undefined)
        return {
          ...brokenProject(row, broken),
          services: [],
          thresholds: [],
          endpoints: [],
          capabilities: null,
          yaml: '',
        };
      const facts = await deps.facts([slug]);
      const endpoints = await tables
        .selectFrom('endpoints')
        .selectAll()
        .where('project', '=', slug)
        .orderBy('name')
        .execute();
      const known = visibleTo(caller, toStored(row, secrets));
      const { declaredIn: _, lastSeenAt: __, ...stored } = known;
      const declaration = shownDeclaration(stored);
      return {
        ...toFedProject(known, row, facts.get(slug) ?? NO_FACTS, clock.now(), deps.offlineAfterMs()),
        services: declaration.services,
        thresholds: [...declaration.thresholds, ...(deps.defaults?.(declaration.thresholds) ?? [])],
        capabilities: row.capabilities === null ? null : CapabilitiesSchema.parse(JSON.parse(row.capabilities)),
        endpoints: endpoints.map((e) => ({
          name: e.name,
          url: maskUrl(e.url),
          authKind: e.auth_kind,
          status: e.status,
          latencyMs: e.latency_ms,
          lastVerifiedAt: isoOrNull(e.last_verified_at),
          ...(e.reason === null ? {} : { reason: e.reason }),
        })),
        yaml: stringify({
          projects: [
            {
              ...declaration,
              ...(row.api_key_sealed === null
                ? {}
                : { apiKey: `\${${slug.toUpperCase().replace(/-/g, '_')}_API_KEY}` }),
            },
          ],
        }),
      };
    },

    /** Seals again what another master key sealed, or nothing did; says how many projects that were. Two hubs at once do it once each. */
    async reseal(): Promise<number> {
      let [count, opened] = [0, 0];
      const shut: ProjectRow[] = [];
      for (const row of await tables.selectFrom('projects').selectAll().execute()) {
        const trouble = troubleOf(row, secrets);
        if (trouble !== undefined) {
          shut.push(row);
          continue;
        }
        opened++;
        const fresh = resealed(row, secrets);
        if (!fresh) continue;
        // What somebody changed meanwhile is sealed with the new key already.
        const { numUpdatedRows } = await tables
          .updateTable('projects')
          .set(fresh)
          .where('slug', '=', row.slug)
          .where('declaration', '=', row.declaration)
          .executeTakeFirst();
        count += Number(numUpdatedRows);
      }
      // When nothing opens it is the key that is wrong, and not a project.
      const [first] = shut;
      if (first && opened === 0) resealed(first, secrets);
      for (const row of shut)
        deps.log.error(
          { project: row.slug, reason: troubleOf(row, secrets) },
          'a stored project cannot be read and is not watched',
        );
      return count;
    },

    graph,
    /** The ecosystem as the caller would have seen it at a moment (epoch ms); throws invalid for one of which nothing is kept. */
    graphAt: createPastGraph(
      { ...deps, factsAt: deps.factsAt ?? (async () => new Map()), keptMs: deps.keptMs ?? (() => 0) },
      async () => {
        const [known, found] = await Promise.all([picture.look(), edges.look()]);
        return { rows: known.entries.map(({ row }) => row), edges: found.rows };
      },
    ),

    /** Who is hit when a project fails, as far as the caller sees; throws not_found for a project that it does not. */
    async blast(caller: Caller, slug: string): Promise<BlastRadius> {
      authorize(caller, 'ops:view', slug);
      const { nodes, edges: known } = await graph(caller);
      if (!nodes.some(({ id }) => id === slug)) throw new HubError('not_found', `No project "${slug}".`);
      return { slug, hit: blastOf(slug, known) };
    },

    /** Stores what a project reports of its edges, inside the transaction that takes it in. */
    takeEdges: edges.take,
    /** Forgets edges that nothing has proven for long. */
    expireEdges: edges.expire,

    /** Every project with its declaration: what intake and detect compile their probes and thresholds from. */
    async declarations(): Promise<StoredProject[]> {
      const projects = fromReadable(
        (await tables.selectFrom('projects').selectAll().orderBy('slug').execute()).filter(isReadable),
        deps.log,
        (row) => toStored(row, secrets),
      );
      edges.follow(projects);
      // Whoever reads them all does so because some have changed, maybe on another hub.
      picture.touch();
      return projects;
    },

    /** What the hub needs to know of projects to ask something of their instances. */
    async targets() {
      const rows = await tables.selectFrom('projects').selectAll().orderBy('slug').execute();
      return fromReadable(rows.filter(isReadable), deps.log, (row) => {
        const { slug, name, hubUrl, meshNs, allowFanout } = toStored(row, secrets);
        const manifest = row.capabilities === null ? null : CapabilitiesSchema.parse(JSON.parse(row.capabilities));
        const capabilities = manifest && { actions: manifest.actions, endpoints: manifest.endpoints };
        return { slug, name, hubUrl, ...(meshNs === undefined ? {} : { meshNs }), allowFanout, capabilities };
      });
    },

    /** A text that is another one after every change of a declaration, on whichever hub. */
    async revision(): Promise<string> {
      const { count, sum } = await tables
        .selectFrom('projects')
        .select((eb) => [eb.fn.countAll().as('count'), eb.fn.sum('updated_at').as('sum')])
        .executeTakeFirstOrThrow();
      return `${count}:${sum}`;
    },

    /** Slugs of the projects that are assigned to a tenant. */
    async ofTenant(tenant: string): Promise<string[]> {
      const rows = await tables.selectFrom('projects').select('slug').where('tenant', '=', tenant).execute();
      return rows.map(({ slug }) => slug);
    },

    /** The tenant that a project is assigned to; null for the operating company's own and for one that does not exist. */
    async tenantOf(slug: string): Promise<string | null> {
      const row = await tables.selectFrom('projects').select('tenant').where('slug', '=', slug).executeTakeFirst();
      return row?.tenant ?? null;
    },

    /** Every project and when it was last heard of, in epoch ms. */
    sightings(): Promise<{ slug: string; lastSeenAt: number | null }[]> {
      return tables.selectFrom('projects').select(['slug', 'last_seen_at as lastSeenAt']).execute();
    },

    /** When each of these projects was first heard of, in epoch ms; one that never was is left out. */
    async firstSeen(slugs: readonly string[]): Promise<Map<string, number>> {
      if (slugs.length === 0) return new Map();
      const rows = await tables
        .selectFrom('projects')
        .select(['slug', 'first_seen_at'])
        .where('slug', 'in', slugs)
        .execute();
      return new Map(
        rows.flatMap(({ slug, first_seen_at: at }): [string, number][] => (at === null ? [] : [[slug, at]])),
      );
    },

    /** The key that the hub presents to the project's instance. */
    async apiKeyOf(slug: string): Promise<string | undefined> {
      const row = await tables
        .selectFrom('projects')
        .select(['slug', 'api_key_sealed'])
        .where('slug', '=', slug)
        .executeTakeFirst();
      return row ? openApiKey(row, secrets) : undefined;
    },

    /** The one project whose key this is; a key that several projects share names none of them. */
    async projectByIngestKey(key: string): Promise<string | undefined> {
      const hash = hashKey(key);
      const rows = await tables
        .selectFrom('projects')
        .select(['slug', 'ingest_key_hash'])
        .where('ingest_key_hash', '=', hash)
        .limit(2)
        .execute();
      const [only] = rows;
      if (rows.length !== 1 || !only?.ingest_key_hash) return undefined;
      return timingSafeEqual(Buffer.from(only.ingest_key_hash), Buffer.from(hash)) ? only.slug : undefined;
    },

    /** Something was stored of these projects: what is drawn of them is old. */
    touch: picture.touch,
    /** Calls back after projects were added, changed or removed on this hub. */
    onChange(listener: () => void): void {
      changed.add(listener);
    },
  };
}
