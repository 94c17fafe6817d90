import type { EcosystemGraph } from '@orrery/protocol';
import type { Browser, Page } from 'playwright-core';
import { createLayout } from '../packages/hub/src/catalog/index.ts';
import { createLog } from '../packages/hub/src/platform/log.ts';
import { ADMIN_ENV, openBrowser, openPage, type Session, sessionOf } from '../test/services/browser.ts';
import { startHub } from '../test/services/hub.ts';
import { until } from '../test/services/until.ts';
import { serveBareMap } from './tools/bare-map.ts';
import { galaxy } from './tools/galaxy.ts';
import { figure, median, quantile } from './tools/report.ts';

/**
 * Usage: node bench/ecosystem.ts. From the graph in the browser to the painted map, in Debian's Chromium without a graphics card, beside
 * the same library with its own nodes and edges at the same places and nothing else (a floor in features: no cards, no states, no arcs).
 * The layout is the hub's and remembered; its own time is told apart. Then pan and zoom with 500 projects drawn each.
 */
const SIZES = [
  { projects: 50, edges: 100, atMost: 300, search: '' },
  { projects: 500, edges: 1500, atMost: 1000, search: '' },
  { projects: 500, edges: 1500, atMost: 1000, search: '?each=1' },
  { projects: 5000, edges: 15_000, atMost: 3000, search: '' },
];
const ROUNDS = 5;

const hub = await startHub({ env: ADMIN_ENV });
const browser = await openBrowser();
const layout = createLayout({ log: createLog('silent', { write: () => undefined }) });
const bare = await serveBareMap();
try {
  const session = await sessionOf(browser, hub.url);
  const bareTimes = new Map<number, number>();
  for (const { projects, edges, atMost, search } of SIZES) {
    const graph = galaxy(projects, edges);
    const began = performance.now();
    const placed = await untilPlaced(graph);
    const laidOut = performance.now() - began;
    if (search === '') figure({ what: `laying out ${projects} projects, first time`, unit: 'ms', ours: laidOut });
    if (!bareTimes.has(projects)) bareTimes.set(projects, await bareTime(placed, projects > 1000 ? 1 : ROUNDS));
    figure({
      what: `painting ${projects} projects and ${edges} edges${search ? ', each drawn' : projects > 200 ? ', as domains' : ''}`,
      unit: 'ms',
      ours: await ourTime(session, placed, search),
      peer: { name: 'bare xyflow, each drawn', value: bareTimes.get(projects) ?? Number.NaN },
      bar: { atMost },
    });
  }
  const placed = await untilPlaced(galaxy(500, 1500));
  const ours = await onPage(browser, hub.url, placed, '/ecosystem?each=1', session, (page) => frames(page));
  const theirs = await onPage(browser, bare.url, placed, '/', undefined, (page) => frames(page));
  figure({
    what: 'a frame while panning 500 projects, median',
    unit: 'ms',
    ours: median(ours.pan),
    peer: { name: 'bare xyflow', value: median(theirs.pan) },
    bar: { atMost: 33 },
  });
  figure({
    what: 'a frame while panning 500 projects, p95',
    unit: 'ms',
    ours: quantile(ours.pan, 0.95),
    peer: { name: 'bare xyflow', value: quantile(theirs.pan, 0.95) },
  });
  figure({
    what: 'a frame while zooming 500 projects, median',
    unit: 'ms',
    ours: median(ours.zoom),
    peer: { name: 'bare xyflow', value: median(theirs.zoom) },
    bar: { atMost: 33 },
  });
  figure({
    what: 'a frame while zooming 500 projects, p95',
    unit: 'ms',
    ours: quantile(ours.zoom, 0.95),
    peer: { name: 'bare xyflow', value: quantile(theirs.zoom, 0.95) },
  });
} finally {
  bare.stop();
  await Promise.all([layout.close(), browser.close(), hub.dispose()]);
}

async function untilPlaced(graph: EcosystemGraph): Promise<EcosystemGraph> {
  for (;;) {
    const placed = await layout.placed(graph);
    if (placed.nodes[0]?.position) return placed;
  }
}

async function ourTime(session: Session, graph: EcosystemGraph, search: string): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++)
    times.push(await onPage(browser, hub.url, graph, `/ecosystem${search}`, session, paintTime));
  return median(times);
}

async function bareTime(graph: EcosystemGraph, rounds: number): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++)
    times.push(await onPage(browser, bare.url, graph, '/', undefined, paintTime));
  return median(times);
}

/** A fresh profile each time: nothing is remembered, nothing is in its cache. */
async function onPage<T>(
  on: Browser,
  url: string,
  graph: EcosystemGraph,
  path: string,
  session: Session | undefined,
  work: (page: Page) => Promise<T>,
): Promise<T> {
  const { page, close } = await openPage(on, url, session ? { storageState: session } : {});
  try {
    const body = JSON.stringify(graph);
    await page.route('**/api/fed/graph', (route) => route.fulfill({ body, contentType: 'application/json' }));
    await page.goto(path);
    await until(() => page.evaluate(`performance.getEntriesByName('ecosystem:painted').length > 0`), {
      timeoutMs: 60_000,
      what: 'the map is painted',
    });
    return await work(page);
  } finally {
    await close();
  }
}

async function paintTime(page: Page): Promise<number> {
  return Number(
    await page.evaluate(
      `performance.getEntriesByName('ecosystem:painted')[0].startTime - performance.getEntriesByName('ecosystem:data')[0].startTime`,
    ),
  );
}

/** How long frames take while a person pans, and while one zooms in and out. */
async function frames(page: Page): Promise<{ pan: number[]; zoom: number[] }> {
  await page.waitForTimeout(1500);
  const record = `window.frames_ = []; window.go_ = true; (function step(last) { requestAnimationFrame((now) => { if (last) window.frames_.push(now - last); if (window.go_) step(now); }); })(0)`;
  const stop = async () => (await page.evaluate(`window.go_ = false; window.frames_`)) as number[];
  // Where nothing but the ground is hit, or it is not the view that moves.
  const [x, y] = (await page.evaluate(
    `(() => { for (let d = 0; d < 400; d += 3) for (const [x, y] of [[620 + d, 300], [620 - d, 300 + d], [620, 300 + d]]) if (document.elementFromPoint(x, y)?.classList.contains('react-flow__pane')) return [x, y]; })()`,
  )) as [number, number];
  const viewport = () => page.evaluate(`document.querySelector('.react-flow__viewport').style.transform`);
  const before = await viewport();
  await page.mouse.move(x, y);
  await page.evaluate(record);
  await page.mouse.down();
  for (let step = 0; step < 40; step++)
    await page.mouse.move(x + 120 * Math.sin(step / 9), y + 80 * Math.sin(step / 7));
  await page.mouse.up();
  const pan = await stop();
  if ((await viewport()) === before) throw new Error('the view did not move');
  await page.evaluate(record);
  for (let step = 0; step < 20; step++) await page.mouse.wheel(0, step % 10 < 5 ? -60 : 60);
  return { pan, zoom: await stop() };
}
