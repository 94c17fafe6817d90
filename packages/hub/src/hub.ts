import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { allow, audit, type Caller, checkOrigin, createAccess, shownTo } from './access/index.ts';
import { createActions } from './actions/index.ts';
import { createAgents, enabledAgents, HEALING_OFF } from './agents/index.ts';
import { createAccounts, openGateway } from './ai/index.ts';
import { createAlerts } from './alerts/index.ts';
import { createAnalysis } from './analysis/index.ts';
import { createAutoheal } from './autoheal/index.ts';
import { createCatalog, createLayout } from './catalog/index.ts';
import { type Config, defaultsFor, type FileConfig, mailServer, watchConfig } from './config/index.ts';
import { createDetect, createPerformance } from './detect/index.ts';
import { createDiagnosis } from './diagnosis/index.ts';
import { createEvents } from './events/index.ts';
import { askByGateway } from './explain-by-gateway.ts';
import { followProjects } from './follow-projects.ts';
import { createStory } from './heal-story.ts';
import { watchOwnHealth } from './health.ts';
import { hubJobs } from './hub-jobs.ts';
import { hubMetrics } from './hub-metrics.ts';
import { hubRoutes } from './hub-routes.ts';
import { aloneHub, createIntake, sharedHub } from './intake/index.ts';
import { createLearning } from './learning/index.ts';
import { writeLocalAccess } from './local-access.ts';
import { createLoop } from './loop.ts';
import { meetStrangers } from './meet-strangers.ts';
import { ANNOTATE, createAnnotator } from './platform/annotate.ts';
import { systemClock } from './platform/clock.ts';
import { holdDataDir, openDatabase } from './platform/db.ts';
import { createApp, listen } from './platform/http/server.ts';
import { createJobs, type Jobs } from './platform/jobs.ts';
import { createKafka } from './platform/kafka.ts';
import type { Log } from './platform/log.ts';
import { createMailer } from './platform/mail.ts';
import { migrate } from './platform/migrate.ts';
import { createOutbound } from './platform/outbound.ts';
import { createSecrets } from './platform/secrets.ts';
import { createTelemetry } from './platform/telemetry.ts';
import { createTracing } from './platform/tracing.ts';
import { projectFacts, projectFactsAt } from './project-facts.ts';
import { createProjectHub } from './project-hub.ts';
import { projectMetrics } from './project-metrics.ts';
import { createConfigRecord, demandAdministrator } from './record-config.ts';
import { createRepair } from './repair/index.ts';
import { actByActions } from './repair-actions.ts';
import { roomRoutes } from './room-routes.ts';
import { createSamples } from './samples/index.ts';
import { createStatusPages } from './statuspage/index.ts';
import { VERSION } from './version.ts';

export type Hub = { url: string; setupUrl?: string; stop(): Promise<void> };

const PAGES = fileURLToPath(new URL('../../console/dist/', import.meta.url));

/** Builds every room in order, starts the loop and the server, and hands back the way to stop them in reverse. */
export async function startHub(config: Config, { log }: { log: Log }): Promise<Hub> {
  const clock = systemClock;
  const stops: (() => Promise<unknown> | unknown)[] = [];
  // A step that fails must not keep those after it from their turn: the database may be gone, and the port is still to be given back.
  const stop = async () => {
    for (const step of stops.splice(0).reverse())
      try {
        await step();
      } catch (error) {
        log.error({ err: error }, 'a part of the hub did not stop as it should');
      }
  };
  try {
    // The house: folder, database, address.
    // The key comes first: a folder that has a database but no key is one whose key was lost, and is refused.
    const secrets = createSecrets(
      config.masterKey.reveal(),
      config.previousMasterKeys.map((key) => key.reveal()),
    );
    const databaseUrl = config.databaseUrl?.reveal();
    if (databaseUrl === undefined) {
      const held = holdDataDir(config.dataDir);
      stops.push(() => held.release());
    }
    const database = await openDatabase({
      dataDir: config.dataDir,
      ...(databaseUrl === undefined ? {} : { url: databaseUrl }),
    });
    stops.push(() => database.close());
    const { db, kind } = database;
    const applied = await migrate(db, kind);
    if (applied.length > 0) log.info({ applied }, 'the database schema was brought up to date');
    const server = await listen({
      host: config.host,
      port: config.port,
      ...(config.tls ? { tls: { files: config.tls, log } } : {}),
    });
    stops.push(() => server.stop());
    const publicUrl = config.publicUrl ?? server.url;
    const telemetry = createTelemetry(VERSION);
    const holderId = `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;
    const tracing = await createTracing({
      endpoint: config.tracing?.endpoint,
      headers: config.tracing?.headers?.reveal(),
      service: { name: 'orrery', version: VERSION, instance: holderId },
      log,
    });
    stops.push(() => tracing.stop());
    let file: FileConfig = config.file;
    const agentEnabled = enabledAgents(() => file);
    const outbound = createOutbound({ clock, allowPrivate: file.network.allowPrivate });
    stops.push(() => outbound.close());
    const kafka = createKafka({ db, clock, log, brokers: config.kafkaBrokers });
    stops.push(() => kafka.close());

    // The rooms, in the order in which data flows.
    const events = createEvents({ db, clock, log });
    const appendEvents = events.append;
    const access = createAccess({
      db,
      clock,
      log,
      secrets,
      config: {
        publicUrl,
        metaKey: config.metaKey?.reveal(),
        cronSecret: config.cronSecret?.reveal(),
        adminEmail: config.admin?.email,
        adminPassword: config.admin?.password.reveal(),
      },
      projectByIngestKey: (key) => catalog.projectByIngestKey(key),
      projectsOfTenant: (tenant) => catalog.ofTenant(tenant),
      policy: () => ({ rbac: file.access.rbac ?? config.rbac, tiers: file.tiers }),
      oidc: { declared: () => file.oidc?.declaration, outbound },
      mailer: createMailer({ outbound, publicUrl, server: () => mailServer(file, config.smtpUrl?.reveal()) }),
    });
    stops.push(() => access.close());
    await access.start();
    await demandAdministrator(config, access);
    const samples = createSamples({
      db,
      clock,
      log,
      ...{ rawRetentionMs: () => file.retention.raw, tiers: () => file.tiers },
      onStored: (...stored) => alerts.rules.see(...stored),
      projectExists: async (slug) => (await catalog.declarations()).some((project) => project.slug === slug),
    });
    const catalog = createCatalog({
      db,
      clock,
      log,
      secrets,
      outbound,
      appendEvents,
      audit,
      defaultApiKey: config.defaultApiKey?.reveal(),
      tracer: tracing,
      facts: (slugs) => projectFacts({ intake, samples }, slugs, clock.now()),
      factsAt: (slugs, at) => projectFactsAt({ intake, samples }, slugs, at),
      keptMs: () => Math.max(file.retention.checks, file.retention.raw),
      offlineAfterMs: () => file.freshness.offlineAfterMs,
      halfLifeMs: () => file.edges.halfLifeMs,
      tenantExists: access.tenants.exists,
      defaults: (declared) => defaultsFor(declared, file.defaultThresholds),
    });
    const layout = createLayout({ log });
    stops.push(() => layout.close());
    const performances = createPerformance({ db, clock, log, outbound, samples, projects: catalog.declarations });
    const identity = { id: holderId, name: `${hostname()}:${process.pid}`, version: VERSION };
    const hubs =
      databaseUrl === undefined ? aloneHub(clock, identity) : sharedHub({ ...identity, url: databaseUrl, clock, log });
    stops.push(() => hubs.stop());
    const projectHub =
      config.scope === 'project'
        ? createProjectHub({
            ...{ config, clock, log, outbound, catalog, samples, file: () => file, intake: () => intake },
            self: { url: publicUrl, name: hostname(), version: VERSION },
            hubStatus: () => ownHealth.status(),
          })
        : undefined;
    const intake = createIntake({
      db,
      clock,
      log,
      outbound,
      secrets,
      publicUrl,
      apiKeyOf: catalog.apiKeyOf,
      storeSamples: samples.append,
      storeEdges: catalog.takeEdges,
      storeWindows: performances.keep,
      appendEvents: async (trx, some) => {
        await appendEvents(trx, some);
        await actions.see(trx, some);
        await gateway.takeLeads(trx, some);
        if (detect.security.concerns(some)) await takeAttacks(trx, (part) => detect.security.take(part, some));
      },
      hubs,
      selfCheckTargets: () => file.network.selfCheck,
      inMaintenance: (project, service, at) => alerts.inMaintenance(project, service, at),
      onLag: telemetry.observeLag,
      tracer: tracing,
      mesh: {
        url: config.nats?.reveal(),
        speaker: projectHub,
        onStranger: meetStrangers({ catalog, log, clock, discover: () => file.mesh.discover }),
      },
    });
    const actions = createActions({
      ...{ db, clock, log, outbound, holderId, appendEvents, audit },
      meshKeys: [config.meshKey, config.previousMeshKey].flatMap((key) => (key ? [key.reveal()] : [])),
      targets: catalog.targets,
      apiKeyOf: catalog.apiKeyOf,
      mesh: intake.mesh.enabled && !projectHub ? intake.mesh : undefined,
      catalog,
    });
    if (databaseUrl === undefined) await actions.recover();
    stops.push(() => actions.settle());
    const grafana = config.grafana && { url: config.grafana.url, token: config.grafana.token.reveal() };
    const annotator = createAnnotator({ db, clock, log, outbound, grafana });
    const accounts = createAccounts({
      ...{ db, kind, clock, log, annotator, outbound, kafka, secrets, appendEvents, audit },
      hub: holderId,
      living: () => hubs.members().map(({ id }) => id),
      config: () => file.aiAccounts,
      registry: telemetry.registry,
      onEvents: () => events.poke(),
      onMarks: () => jobs.wake(ANNOTATE),
    });
    stops.push(() => accounts.stop());
    const gateway = openGateway({
      ...{ db, clock, log, outbound, accounts, appendEvents, tracer: tracing, hubId: holderId },
      config: () => file.ai,
    });
    stops.push(() => gateway.stop());
    const detect = createDetect({
      db,
      clock,
      log,
      samples,
      states: intake.states,
      hubs: hubs.members,
      troubles: () => ownHealth.troubles(),
      projects: catalog.sightings,
      linesAfter: intake.logLinesAfter,
      rules: (projects) => alerts.rules.facts(projects),
      budgets: accounts.budgets.facts,
      trends: (projects) => analysis.trends(projects),
      performance: performances.problems,
      offlineAfterMs: () => file.freshness.offlineAfterMs,
      attackKey: secrets.derive('attack-actors:v1'),
    });
    stops.push(() => detect.forecasts.close());
    stops.push(() => detect.security.own.stop());
    const alerts = createAlerts({ db, clock, log, outbound, holderId, publicUrl, appendEvents, audit });
    const analysis = createAnalysis({
      ...{ db, clock, catalog, samples, alerts, appendEvents },
      improvements: performances.improvements,
    });
    const diagnosis = createDiagnosis({
      ...{ db, clock, log, catalog, detect, events, samples, appendEvents, audit },
      incidents: alerts.incidents,
      states: intake.states,
      ask: askByGateway({ gateway, catalog, tenants: access.tenants }),
      limits: () => ({ ...file.diagnosis, explain: file.diagnosis.explain && file.ai.providers.length > 0 }),
    });
    diagnosis.onRanked(() => {
      events.poke();
      jobs.wake('diagnosis.explain');
      jobs.wake('repair.work');
    });
    const repair = createRepair({
      ...{ db, clock, log, secrets, outbound, holderId, appendEvents, audit },
      limits: () => file.repair,
      enabled: () => file.repair.enabled === true && agentEnabled('Repair'),
      alerts: alerts.living,
      pastAlerts: alerts.past,
      states: intake.states,
      checkSoon: intake.checkSoon,
      lookFromElsewhere: intake.lookFromElsewhere,
      inMaintenance: alerts.inMaintenance,
      lessons: () => learning.lessons(),
      act: actByActions(actions, clock),
      topCause: diagnosis.topCause,
      causes: diagnosis.causesOf,
      ...createStory({ alerts, annotator, events, wake: (job) => jobs.wake(job) }),
    });
    const learning = createLearning({ db, clock, repair, appendEvents, audit });
    stops.push(() => repair.stop());
    const declare = async ({ projects }: FileConfig) =>
      void (await catalog.sync(await autoheal.extend(projects.map(({ declaration, ref }) => ({ declaration, ref })))));
    const autoheal = createAutoheal({
      ...{ db, clock, log, outbound },
      checkSoon: intake.checkSoon,
      changed: () => declare(file),
    });
    const statusPages = createStatusPages({
      clock,
      log,
      pages: () => file.statusPages,
      states: intake.states,
      outages: alerts.outages,
      maintenance: alerts.publicWindows,
      daily: samples.daily,
    });
    const jobs: Jobs = createJobs({
      db,
      clock,
      log,
      holderId,
      shared: kind === 'postgres',
      serverTime: kind === 'postgres',
      enabled: agentEnabled,
      onLead: (leading) => {
        if (hubs.shared) log.info({ leading }, leading ? 'this hub judges and tells' : 'another hub judges and tells');
      },
    });
    const takeAttacks = jobs.step({ name: 'security.take', agent: 'Security' });
    const agents = createAgents({
      ...{ db, clock, log, audit, enabled: agentEnabled, shared: hubs.shared, jobs },
      held: (agent) => (agent === 'Repair' && file.repair.enabled !== true ? HEALING_OFF : undefined),
      tell: () => hubs.tell({ kind: 'agents' }),
    });
    hubs.onNews(({ kind: what }) => what === 'agents' && void agents.heard());
    const ownHealth = watchOwnHealth(
      () => ({ silentMs: jobs.silentMs(), waitingChecks: intake.waitingChecks(), failingJobs: jobs.failing() }),
      clock,
    );
    stops.push(() => ownHealth.stop());
    const loop = createLoop({ catalog, intake, hubs, detect, alerts, events, jobs: () => jobs, log });

    // Configuration: what the file declares now, and after each change of it.
    const following = followProjects({
      ...{ catalog, intake, detect, alerts, repair, outbound, log, defaults: () => file.defaultThresholds },
    });
    stops.push(() => following.stop());
    catalog.onChange(() => {
      access.rightsChanged();
      following.soon();
      jobs.wake('catalog.verify');
    });
    const apply = async (next: FileConfig) => {
      outbound.setPolicy(next.network);
      await alerts.syncChannels(next.channels.map(({ declaration, ref }) => ({ declaration, ref })));
      alerts.syncRoutes(next.routes.map(({ declaration, ref }) => ({ declaration, ref })));
      alerts.syncMaintenance(next.maintenance.map(({ declaration, ref }) => ({ declaration, ref })));
      await alerts.rules.sync(next.rules.map(({ declaration, ref }) => ({ declaration, ref })));
      await access.tenants.sync(next.tenants.map(({ declaration, ref }) => ({ declaration, ref })));
      autoheal.sync(next.autoheal);
      await declare(next);
      file = next;
      access.rightsChanged();
      gateway.sync(next.ai);
      jobs.look();
      await following.now();
    };
    const resealed = await catalog.reseal();
    if (resealed > 0) log.info({ projects: resealed }, 'stored secrets were sealed again with the master key of now');
    await apply(file);
    const record = createConfigRecord({ db, clock, access });
    await record.loaded(file);
    const watching = watchConfig(config, {
      clock,
      onValid: async (next) => {
        const before = file;
        await apply(next);
        await record.applied(before, next);
        log.info(
          { projects: next.projects.length, channels: next.channels.length },
          'the new configuration is in force',
        );
      },
      onInvalid: (issues) =>
        log.error({ issues }, 'the new configuration is refused; the hub goes on with the old one'),
    });
    stops.push(() => watching.stop());

    // People and programs.
    const closing = new AbortController();
    const routes = roomRoutes({
      ...{ access, catalog, layout, actions, intake, projectHub, hubs, jobs, samples, detect, alerts, accounts },
      ...{
        statusPages,
        analysis,
        gateway,
        diagnosis,
        repair,
        learning,
        events,
        watching,
        clock,
        closing: closing.signal,
      },
      ...{ agents, db, kind, performances, health: ownHealth.status, tiers: () => Object.values(file.tiers) },
    });
    routes.push(
      ...hubRoutes({
        routes,
        jobs,
        health: ownHealth.status,
        catalog,
        intake,
        telemetry,
        clock,
        publicUrl,
        version: VERSION,
      }),
    );
    hubMetrics(telemetry, { catalog, intake, hubs, alerts, events, jobs, kafka, tracing });
    projectMetrics(telemetry, { catalog, samples, clock });
    const app = createApp<Caller>({
      routes,
      resolve: access.resolve,
      allow,
      checkOrigin: (request, caller) => checkOrigin(request, publicUrl, caller),
      refused: access.refused,
      onRecord: access.onRecord,
      shownTo,
      observe: telemetry.observeRequest,
      seen: (request) => void (agentEnabled('Security') && detect.security.own.see(request)),
      tracer: tracing,
      pagesDir: PAGES,
      https: publicUrl.startsWith('https:'),
      log,
      clock,
    });

    // The loop turns.
    await jobs.start([
      ...loop.jobs,
      ...diagnosis.jobs,
      ...repair.jobs,
      ...autoheal.jobs,
      ...agents.jobs,
      ...learning.jobs,
      ...performances.jobs,
      ...(projectHub?.jobs ?? []),
      ...accounts.jobs,
      ...annotator.jobs,
      ...actions.jobs,
      ...hubJobs(
        {
          access,
          accounts,
          actions,
          alerts,
          analysis,
          catalog,
          detect,
          diagnosis,
          events,
          gateway,
          intake,
          kafka,
          learning,
          performances,
          repair,
          samples,
          tracing,
        },
        () => file,
      ),
    ]);
    stops.push(() => loop.settle());
    stops.push(() => jobs.stop());
    // Its probes go to the others before anything else is waited for.
    stops.push(async () => {
      await intake.stop();
      await hubs.stop();
    });
    await intake.start();
    await hubs.start();
    await accounts.start();
    gateway.start();
    const flush = setInterval(
      () =>
        void catalog
          .flushSightings()
          .catch((error: unknown) => log.warn({ err: error }, 'sightings wait for the next turn')),
      5000,
    );
    stops.push(() => clearInterval(flush));
    server.mount(app, () => closing.abort());
    stops.push(
      writeLocalAccess(join(config.dataDir, 'local.json'), {
        url: server.url,
        key: access.localKey,
        pid: process.pid,
        ...(config.tls ? { cert: config.tls.cert } : {}),
      }),
    );
    const setupUrl = await access.setupUrl(publicUrl);
    log.info(
      { url: server.url, version: VERSION, database: kind, projects: file.projects.length },
      'the hub is listening',
    );
    return { url: server.url, ...(setupUrl === undefined ? {} : { setupUrl }), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
