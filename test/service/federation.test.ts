import type {
  BlastRadius,
  EcosystemGraph,
  FanoutDetail,
  FedMetrics,
  FedProject,
  FedVerification,
  OpsEvent,
} from '@orrery/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FleetUnderWatch, startFleetUnderWatch } from '../services/fleet.ts';
import { type NatsService, startNats } from '../services/nats.ts';
import { orrery as runOrrery } from '../services/orrery.ts';
import { until } from '../services/until.ts';

const SLUGS = ['performia', 'rollizr', 'veria'];
let watch: FleetUnderWatch;

const orrery = async (...args: string[]) => {
  const { code, stdout, stderr } = await runOrrery([...args, '--data', watch.hub.dataDir]);
  return { code, stdout, stderr, json: () => JSON.parse(stdout) };
};

/** Three real product processes, their visitors, and a meta hub: what the blueprint's section 10 asks, but for what a browser shows. */
describe.each(['http', 'mesh'] as const)(
  'a federation of three real products, by %s',
  { timeout: 120_000 },
  (transport) => {
    let nats: NatsService | undefined;
    beforeAll(async () => {
      nats = transport === 'mesh' ? await startNats() : undefined;
      watch = await startFleetUnderWatch({
        env: { ORRERY_META_API_KEY: 'the-meta-key-of-this-suite-0001' },
        natsUrl: nats?.url,
        traffic: { peak: 6, startHour: 14, seed: 7 },
      });
    }, 120_000);
    afterAll(async () => {
      await watch?.dispose();
      await nats?.stop();
    });

    it('shows every project online with its figures and when it was last seen', async () => {
      const projects = await until(
        async () => {
          const all = await watch.hub.api.read<FedProject[]>('/api/fed/projects');
          const known = all.every(
            ({ status, kpis }) =>
              status === 'online' && kpis.deployFreshnessDays !== null && kpis.healthLatencyMs !== null,
          );
          return known && all;
        },
        { what: 'three projects online with their figures', timeoutMs: 60_000 },
      );
      expect(projects.map(({ slug }) => slug).sort()).toEqual(SLUGS);
      for (const { lastSeenAt, hubUrl } of projects) {
        expect(Date.now() - Date.parse(lastSeenAt ?? '')).toBeLessThan(60_000);
        // "Open instance" leads to something that answers.
        expect((await fetch(`${hubUrl}/api/capabilities`)).status).toBe(200);
      }
      expect(projects.find(({ slug }) => slug === 'veria')?.kpis.auditsOk).toBeGreaterThan(0);
    });

    it('draws what is declared and what the calls of the products show, and says who is hit', async () => {
      // The products report the hosts that they call once a minute; asked for a refresh they do so at once.
      const graph = await until(
        async () => {
          await orrery('fed', 'refresh', '--json');
          const now = await watch.hub.api.read<EcosystemGraph>('/api/fed/graph');
          return now.edges.filter(({ sources }) => sources?.includes('learned')).length === 2 && now;
        },
        { what: 'two learned edges', timeoutMs: 90_000, everyMs: 1000 },
      );
      const edge = (id: string) => graph.edges.find((one) => one.id === id);
      expect(edge('performia:rollizr:api')).toMatchObject({ strength: 1, sources: ['declared', 'learned'] });
      expect(edge('rollizr:veria:api')?.calls).toBeGreaterThan(0);
      expect(edge('rollizr:veria:api')?.proof).toMatchObject({ hosts: [expect.stringContaining('127.0.0.1:')] });
      expect(graph.insights).toEqual({ cycles: [], hubs: [], singlePoints: ['rollizr'] });
      expect((await watch.hub.api.read<BlastRadius>('/api/fed/graph/blast/veria')).hit).toMatchObject([
        { slug: 'rollizr', via: ['veria', 'rollizr'] },
        { slug: 'performia', via: ['veria', 'rollizr', 'performia'] },
      ]);
      const drawn = await orrery('fed', 'graph', '--format=mermaid');
      expect(drawn.stdout).toContain('flowchart LR');
      expect((await orrery('fed', 'graph', '--blast', 'veria')).stdout).toContain('veria → rollizr → performia');
    });

    it('sweeps: each instance registers an audit run, whose id comes back', async () => {
      const dry = await orrery('fed', 'run', 'fed.audit.security.sweep', '--dry-run', '--json');
      expect(dry).toMatchObject({ code: 0 });
      expect(dry.json()).toMatchObject({ dryRun: true, counts: { sent: 3 } });
      const swept = await orrery('fed', 'run', 'fed.audit.security.sweep', '--json');
      expect(swept).toMatchObject({ code: 0 });
      const { requestId, results } = swept.json() as FanoutDetail;
      expect(results.map(({ project, status, via, run }) => [project, status, via, run?.status])).toEqual(
        SLUGS.map((slug) => [slug, 'sent', transport, 'succeeded']),
      );
      for (const { project, auditId, run } of results) {
        const product = watch.fleet.product(project as 'veria');
        const key = watch.apiKeys[project as 'veria'];
        const told = await fetch(`${product.url}/api/actions/${auditId}`, { headers: { 'x-api-key': key } });
        expect(await told.json()).toMatchObject({ auditId, action: 'audit.security', result: run?.result });
      }
      // Veria keeps audits of its own, and this one is among them.
      const veria = results.find(({ project }) => project === 'veria');
      expect(veria?.run?.result).toMatchObject({ findings: { audit: expect.stringMatching(/^aud/) } });
      const { items } = await watch.hub.api.read<{ items: OpsEvent[] }>('/ops/events/recent?limit=200');
      for (const slug of SLUGS) {
        const told = items.filter(({ type, project }) => project === slug && type.startsWith('action.'));
        expect(
          told
            .filter(({ data }) => (data as { requestId?: string }).requestId === requestId)
            .map(({ type }) => type)
            .sort(),
        ).toEqual(['action.finished', 'action.sent']);
      }
      // What the audits found is a figure of each project, also of those that had none before.
      await until(
        async () =>
          (await watch.hub.api.read<FedProject[]>('/api/fed/projects')).every(({ kpis }) => kpis.auditsOk !== null),
        { what: 'audit figures of all three' },
      );
      expect((await orrery('fed', 'actions')).stdout).toContain(requestId);
      expect((await orrery('fed', 'actions', requestId)).stdout).toContain(veria?.auditId);
    });

    it('asks one product for an action of its own, and none that does not allow it', async () => {
      const cleared = await orrery('fed', 'run', 'cache.clear', '--json');
      expect(cleared.code).toBe(0);
      expect((cleared.json() as FanoutDetail).results).toMatchObject([
        { project: 'performia', status: 'denied' },
        { project: 'rollizr', status: 'denied' },
        { project: 'veria', status: 'sent', run: { status: 'succeeded', result: { cleared: expect.anything() } } },
      ]);
      expect((await orrery('fed', 'run', 'stock.burn', '--json')).code).toBe(1);
      expect((await orrery('fed', 'run', 'fed.nothing', '--json')).code).toBe(2);
    });

    it('verifies endpoints, capabilities and signatures of all, and pulls the newest figures', async () => {
      const verified = await orrery('fed', 'verify', '--json');
      expect(verified.code).toBe(0);
      for (const result of (verified.json() as FedVerification).results) {
        expect(result.signature).toMatchObject({ status: 'ok' });
        expect(result.endpoints.map(({ name, status }) => `${name} ${status}`)).toEqual(
          expect.arrayContaining(['capabilities ok', 'health ok', 'metrics ok', 'logs ok']),
        );
        expect(result.capabilities?.actions).toContain('audit.security');
      }
      const before = Date.now();
      expect((await orrery('fed', 'refresh')).code).toBe(0);
      await until(
        async () => {
          const { series } = await watch.hub.api.read<FedMetrics>('/api/fed/metrics/veria?key=revenue_24h');
          return series.some(({ points }) => points.some(([at]) => Date.parse(at) > before - 60_000));
        },
        { what: 'a figure of just now' },
      );
      await watch.fleet.product('performia').fault('down');
      const broken = await orrery('fed', 'verify', '--project', 'performia');
      await watch.fleet.product('performia').fault('none');
      expect(broken).toMatchObject({ code: 1, stdout: expect.stringContaining('the connection was refused') });
    });

    it('the meta key reads all of it, and can ask for nothing', async () => {
      const meta = (path: string, init: RequestInit = {}) =>
        fetch(`${watch.hub.url}${path}`, {
          ...init,
          headers: { 'x-api-key': 'the-meta-key-of-this-suite-0001', 'content-type': 'application/json' },
        });
      for (const path of ['projects', 'graph', 'metrics/veria', 'alerts', 'actions', 'graph/blast/veria'])
        expect((await meta(`/api/fed/${path}`)).status).toBe(200);
      const body = JSON.stringify({ action: 'fed.refresh.summaries' });
      expect((await meta('/api/fed/actions', { method: 'POST', body })).status).toBe(403);
      expect((await meta('/api/fed/verify', { method: 'POST', body: '{}' })).status).toBe(403);
    });
  },
);
