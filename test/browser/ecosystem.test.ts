import AxeBuilder from '@axe-core/playwright';
import type { EcosystemGraph } from '@orrery/protocol';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { galaxy } from '../../bench/tools/galaxy.ts';
import { ADMIN_ENV, openBrowser, openPage, type Session, sessionOf } from '../services/browser.ts';
import { type FleetUnderWatch, startFleetUnderWatch } from '../services/fleet.ts';
import { type RunningHub, startHub } from '../services/hub.ts';
import { overflow } from '../services/in-page.ts';
import { startNats } from '../services/nats.ts';
import { until } from '../services/until.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser?.close());

const nodeOf = (page: Page, name: string) => page.locator(`.react-flow__node[aria-label^="${name}, "]`);
const query = (page: Page) => new URL(page.url()).searchParams;

describe.each(['http', 'mesh'] as const)('three real products and a meta hub, by %s', (transport) => {
  test('are seen, coloured, narrowed, opened and swept from the map', async () => {
    const nats = transport === 'mesh' ? await startNats() : undefined;
    onTestFinished(() => nats?.stop());
    const watch: FleetUnderWatch = await startFleetUnderWatch({ env: ADMIN_ENV, natsUrl: nats?.url });
    onTestFinished(() => watch.dispose());
    await until(
      async () => {
        const { nodes } = await watch.hub.api.read<EcosystemGraph>('/api/fed/graph');
        return (
          nodes.length === 3 &&
          nodes.every(({ status, kpis }) => status === 'online' && kpis?.deployFreshnessDays !== null) &&
          Number(nodes.find(({ id }) => id === 'veria')?.kpis?.auditsOk) > 0
        );
      },
      { what: 'three projects online with their figures', timeoutMs: 40_000 },
    );
    const { page, troubles, close } = await openPage(browser, watch.hub.url, {
      storageState: await sessionOf(browser, watch.hub.url),
    });
    onTestFinished(close);

    // All online projects with figures and when they were last seen.
    await page.goto('/ecosystem');
    for (const name of ['Veria', 'Performia', 'ROLLIZR']) await nodeOf(page, name).waitFor();
    expect(await nodeOf(page, 'Veria').getAttribute('aria-label')).toContain('Online, Risk 0.');
    await nodeOf(page, 'Veria').click();
    const panel = page.getByRole('complementary', { name: 'Project Veria' });
    await panel.getByText(/^Seen\b/).waitFor();
    await panel.getByText(/\d+ \/ \d+ \/ \d+/).waitFor();

    // Overlays recolour and move nothing.
    const standing = () =>
      page
        .locator('.react-flow__node')
        .evaluateAll((all: { getAttribute(name: string): string | null }[]) =>
          all
            .map((each) => `${each.getAttribute('data-id')} ${each.getAttribute('style')?.match(/translate\([^)]*\)/)}`)
            .sort(),
        );
    const before = await standing();
    for (const overlay of ['Compliance', 'Freshness', 'Health', 'Cost']) {
      await page.getByRole('group', { name: 'Overlay' }).getByRole('button', { name: overlay }).click();
      await page.locator(`.react-flow__node[aria-label*=", ${overlay} "]`).first().waitFor();
      expect(query(page).get('overlay')).toBe(overlay.toLowerCase());
    }
    expect(await standing()).toEqual(before);

    // Edges are narrowed by strength, and one tells its proof.
    const edges = (await watch.hub.api.read<EcosystemGraph>('/api/fed/graph')).edges;
    await until(async () => (await page.locator('svg [data-line]').count()) === edges.length, {
      what: 'all lines are drawn',
    });
    await page.goto('/ecosystem?as=edges');
    await page
      .getByRole('table', { name: 'Edges of the map' })
      .getByRole('button', { name: 'Show in graph' })
      .first()
      .click();
    await page
      .getByRole('complementary', { name: /^Edge from/ })
      .getByText('Last proof')
      .waitFor();
    await page.goto('/ecosystem?kind=queue&strength=1');
    await nodeOf(page, 'Veria').waitFor();
    expect(await page.locator('svg [data-line]').count()).toBe(0);

    // "Open instance" is the deep link into the product.
    await page.goto('/ecosystem?sel=veria');
    const link = page.getByRole('link', { name: 'Open instance' });
    const href = await link.getAttribute('href');
    expect(href).toBe(
      (await watch.hub.api.read<EcosystemGraph>('/api/fed/graph')).nodes.find(({ id }) => id === 'veria')?.hubUrl,
    );
    expect(await link.getAttribute('target')).toBe('_blank');

    // The sweep says first what it will do; then each instance registers a run, whose id comes back.
    await page.getByRole('button', { name: 'Close the panel' }).click();
    await page.getByRole('button', { name: 'Global security sweep…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('goes to 3 instances').waitFor();
    await dialog.getByRole('button', { name: 'Send to 3 instances' }).click();
    await dialog.getByText('3 sent, 0 not allowed, 0 failed.').waitFor();
    await until(
      async () => (await dialog.locator('td code').allTextContents()).filter((id) => id.length > 8).length === 3,
      {
        what: 'three audit ids',
        timeoutMs: 20_000,
      },
    );
    expect(troubles).toEqual([]);
  }, 120_000);
});

describe('the map', () => {
  let hub: RunningHub;
  let session: Session;
  beforeAll(async () => {
    hub = await startHub({ env: ADMIN_ENV });
    session = await sessionOf(browser, hub.url);
  });
  afterAll(() => hub?.dispose());

  const open = async (graph: EcosystemGraph, path: string, options: Parameters<typeof openPage>[2] = {}) => {
    const opened = await openPage(browser, hub.url, { storageState: session, ...options });
    onTestFinished(opened.close);
    const served = { graph };
    await opened.page.route('**/api/fed/graph', (route) => route.fulfill({ json: served.graph }));
    await opened.page.goto(path);
    return { ...opened, served };
  };

  test('is walked by the keyboard, focused, and led back to by the browser', async () => {
    const { page, troubles } = await open(galaxy(12, 16), '/ecosystem');
    await nodeOf(page, 'Atlas').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('complementary', { name: 'Project Atlas' }).waitFor();
    expect(query(page).get('sel')).toBe('atlas');
    await page.getByRole('button', { name: 'Focus', exact: true }).click();
    await page.getByText('Focused on').waitFor();
    const near = await page.locator('.react-flow__node').count();
    expect(near).toBeLessThan(12);
    await page.getByRole('group', { name: 'Depth' }).getByRole('button', { name: 'All' }).click();
    await until(async () => (await page.locator('.react-flow__node').count()) >= near, { what: 'the focus has grown' });
    expect(query(page).get('focus')).toBe('atlas');
    await page.goBack();
    await until(async () => (await page.locator('.react-flow__node').count()) === 12, { what: 'back shows all' });
    await page.keyboard.press('Escape');
    await page.getByRole('complementary', { name: 'Summary' }).waitFor();
    expect(troubles).toEqual([]);
  });

  test('finds and hides by expressions, says what it cannot read, and keeps both in the link', async () => {
    const { page } = await open(galaxy(30, 40), '/ecosystem');
    const find = page.getByRole('combobox', { name: 'Find projects' });
    await find.fill('risk > ');
    await page.getByText('wants a number after it').waitFor();
    await find.fill('dom');
    await page.getByRole('option', { name: 'domain:' }).click();
    await page.getByRole('option', { name: 'domain:Finance' }).click();
    await page.getByText(/^\d+ found$/).waitFor();
    await find.press('Enter');
    await page.getByRole('complementary', { name: /^Project / }).waitFor();
    await page.getByRole('combobox', { name: 'Hide projects' }).fill('!traffic');
    await until(() => query(page).get('hide') === '!traffic', { what: 'the link holds what is hidden' });
    const seen = await page.locator('.react-flow__node').count();
    await page.goto(page.url());
    await until(async () => (await page.locator('.react-flow__node').count()) === seen, {
      what: 'the link restores the view',
    });
    expect(await find.inputValue()).toBe('domain:Finance');
  });

  test('moves nobody when somebody new comes, and gives the new one a free place', async () => {
    const graph = galaxy(20, 25);
    const { page, served } = await open(graph, '/ecosystem');
    await nodeOf(page, 'Atlas').waitFor();
    const places = () =>
      page
        .locator('.react-flow__node')
        .evaluateAll((all: { getAttribute(name: string): string | null }[]) =>
          Object.fromEntries(
            all.map((each) => [
              each.getAttribute('data-id') ?? '',
              String(each.getAttribute('style')?.match(/translate\([^)]*\)/)),
            ]),
          ),
        );
    const before = await places();
    const fresh = {
      ...galaxy(21, 0).nodes[20],
      id: 'newcomer',
      name: 'Newcomer',
      label: 'Newcomer',
    } as EcosystemGraph['nodes'][number];
    const edge = { id: 'newcomer:atlas:api', from: 'newcomer', to: 'atlas', kind: 'api', strength: 1 };
    served.graph = { ...graph, nodes: [...graph.nodes, fresh], edges: [...graph.edges, edge] };
    await nodeOf(page, 'Newcomer').waitFor();
    const { newcomer, ...others } = await places();
    expect(others).toEqual(before);
    expect(Object.values(others)).not.toContain(newcomer);
  });

  test('draws hundreds as domains, opens one in place, and fits on a phone', async () => {
    const { page } = await open(galaxy(500, 1500), '/ecosystem', { viewport: { width: 390, height: 844 } });
    await page.getByText('500 projects, drawn as domains.').waitFor();
    expect(await page.locator('.react-flow__node').count()).toBe(10);
    await page.goto('/ecosystem?open=Finance');
    await until(async () => (await page.locator('.react-flow__node').count()) === 59, {
      what: 'Finance shows its fifty',
    });
    await page.getByRole('button', { name: 'Table', exact: true }).first().click();
    await page.getByRole('table', { name: 'Projects of the map' }).waitFor();
  });
});

test('shows an earlier moment in its place, says so, and leads back; refreshes at the pace that was chosen', async () => {
  const watch = await startFleetUnderWatch({ env: ADMIN_ENV });
  onTestFinished(() => watch.dispose());
  const veria = async (at?: string) => {
    const { nodes } = await watch.hub.api.read<EcosystemGraph>(`/api/fed/graph${at ? `?at=${at}` : ''}`);
    return nodes.find(({ id }) => id === 'veria');
  };
  await until(async () => (await veria())?.status === 'online' && Number((await veria())?.kpis?.auditsOk) > 0, {
    what: 'Veria is online with its figures',
    timeoutMs: 40_000,
  });
  const well = new Date().toISOString();
  await watch.fleet.product('veria').fault('errors');
  await until(async () => (await veria())?.status !== 'online', { what: 'Veria is ill', timeoutMs: 30_000 });
  expect(await veria(well)).toMatchObject({ status: 'online', health: 1 });
  expect((await veria(well))?.kpis?.auditsOk).toBeGreaterThan(0);
  expect(
    (await watch.hub.api.read<EcosystemGraph>('/api/fed/graph?at=2026-01-01T00:00:00Z').catch(String)).toString(),
  ).toContain('nothing is kept');

  const { page, troubles, close } = await openPage(browser, watch.hub.url, {
    storageState: await sessionOf(browser, watch.hub.url),
  });
  onTestFinished(close);
  const label = () => nodeOf(page, 'Veria').getAttribute('aria-label');
  const places = () =>
    page
      .locator('.react-flow__node')
      .evaluateAll((all: { getAttribute(name: string): string | null }[]) =>
        all.map((each) => each.getAttribute('style')?.match(/translate\([^)]*\)/)?.[0]).sort(),
      );
  await page.goto('/ecosystem');
  await nodeOf(page, 'Veria').waitFor();
  expect(await label()).not.toContain('Online');
  const before = await places();
  await page.goto(`/ecosystem?when=${well}`);
  await page.getByText(/^You are looking at/).waitFor();
  await until(async () => (await label())?.includes('Online') ?? false, { what: 'Veria as it was' });
  expect(await places()).toEqual(before);
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  // By keyboard a minute back, where the projects were not yet.
  await page.getByRole('slider', { name: 'Moment' }).focus();
  await page.keyboard.press('ArrowLeft');
  await until(() => (query(page).get('when') ?? well) < well, { what: 'the link holds the earlier minute' });
  await page.setViewportSize({ width: 390, height: 844 });
  expect((await page.evaluate(overflow)).wide).toBeLessThanOrEqual(390);
  await page.getByRole('button', { name: 'Back to live' }).click();
  await until(async () => !((await label())?.includes('Online') ?? true), { what: 'Veria as it is' });
  expect(query(page).get('when')).toBe(null);

  await page.getByLabel('Refresh').selectOption('off');
  expect(query(page).get('every')).toBe('off');
  const answers: string[] = [];
  page.on('response', (response) => {
    if (new URL(response.url()).pathname === '/api/fed/graph') answers.push(response.url());
  });
  await page.getByLabel('Refresh').selectOption('10s');
  await until(() => answers.length >= 2, { what: 'the map is fetched at its pace', timeoutMs: 30_000 });
  expect(troubles).toEqual([]);
}, 180_000);
