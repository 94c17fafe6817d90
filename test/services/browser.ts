import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { reportViolations } from './in-page.ts';
import { until } from './until.ts';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export type Session = Exclude<BrowserContextOptions['storageState'], string | undefined>;
export type WatchedPage = {
  page: Page;
  /** What the page complained about: console errors, uncaught exceptions, violations of its policy, failed requests. */
  troubles: string[];
  close(): Promise<void>;
};

/** The system's Chromium; CHROMIUM names another one. */
export async function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: findChromium(), args: FLAGS, headless: true });
}

function findChromium(): string {
  const { CHROMIUM, PATH = '' } = process.env;
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  const places = [
    ...(CHROMIUM ? [CHROMIUM] : []),
    ...PATH.split(delimiter).flatMap((folder) => names.map((name) => join(folder, name))),
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  ];
  const found = places.find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (found) return found;
  throw new Error(
    'No Chromium: apt-get install -y --no-install-recommends chromium fonts-dejavu-core (macOS: brew install --cask chromium)',
  );
}

/** A page of its own profile that remembers every complaint. */
export async function openPage(
  browser: Browser,
  baseURL: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({
    baseURL,
    viewport: { width: 1440, height: 900 },
    reducedMotion: 'reduce',
    ...options,
  });
  await context.addInitScript(reportViolations);
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const troubles: string[] = [];
  page.on('console', (message) => {
    if (message.type() !== 'error') return;
    const { url } = message.location();
    // Chromium itself writes this line for the question "who am I" of somebody who is nobody yet.
    if (message.text().includes('status of 401') && new URL(url).pathname === '/api/me') return;
    troubles.push(`${message.text()} (${url})`);
  });
  page.on('pageerror', (error) => troubles.push(`uncaught: ${error.message}`));
  page.on('response', (response) => {
    if (response.status() >= 500) troubles.push(`${response.status()} ${response.url()}`);
  });
  return { page, troubles, close: () => context.close() };
}

export const ADMIN = { email: 'ada@example.test', password: 'a long sentence for a password' };
export const ADMIN_ENV = { ORRERY_ADMIN_EMAIL: ADMIN.email, ORRERY_ADMIN_PASSWORD: ADMIN.password };

/** Signs in through the form, and waits for the desk. */
export async function signIn(page: Page, who: { email: string; password: string } = ADMIN): Promise<void> {
  await page.goto('/admin/login');
  await page.getByLabel('E-mail').fill(who.email);
  await page.locator('input[name="password"]').fill(who.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Rooms' }).waitFor();
}

/** The cookies of a signed-in administrator, for pages that need no form. */
export async function sessionOf(browser: Browser, baseURL: string): Promise<Session> {
  const { page, close } = await openPage(browser, baseURL);
  await signIn(page);
  const session = await page.context().storageState();
  await close();
  return session;
}

/** Every page of the console, with what must be seen before it counts as shown. */
export const PAGES = [
  { name: 'overview', path: '/', shows: 'Veria' },
  { name: 'ecosystem', path: '/ecosystem', shows: 'Performia' },
  { name: 'ecosystem-chosen', path: '/ecosystem?sel=veria&focus=veria', shows: 'Blast radius' },
  { name: 'ecosystem-table', path: '/ecosystem?as=projects', shows: 'Performia' },
  { name: 'ecosystem-edges', path: '/ecosystem?as=edges', shows: 'Strength' },
  { name: 'alerts', path: '/alerts', shows: 'Alerts' },
  { name: 'alerts-all', path: '/alerts?status=all', shows: 'Alerts' },
  { name: 'incidents', path: '/alerts?tab=incidents', shows: 'incidents' },
  { name: 'silences', path: '/alerts?tab=silences', shows: 'Maintenance' },
  { name: 'new-silence', path: '/alerts?tab=silences&new=silence', shows: 'Reason' },
  { name: 'healing', path: '/healing', shows: 'Policies' },
  { name: 'agents', path: '/agents', shows: 'detect.sweep' },
  { name: 'agents-of-one', path: '/agents?agent=Learning', shows: 'Jobs of Learning' },
  { name: 'predictions', path: '/predictions', shows: 'Series' },
  { name: 'security', path: '/security', shows: 'Attack incidents' },
  { name: 'ai', path: '/ai', shows: 'No AI call in this range' },
  { name: 'ai-calls', path: '/ai?tab=calls', shows: 'No such call' },
  { name: 'ai-budgets', path: '/ai?tab=budgets', shows: 'No budget is declared' },
  { name: 'ai-playground', path: '/ai?tab=playground', shows: 'The routing decision stands here' },
  { name: 'projects', path: '/projects', shows: 'Performia' },
  { name: 'actions', path: '/projects?tab=actions', shows: 'signed requests' },
  { name: 'add-project', path: '/projects?add=1', shows: 'Address of the product' },
  { name: 'project-services', path: '/projects/veria', shows: 'Services' },
  { name: 'project-metrics', path: '/projects/veria?tab=metrics', shows: 'revenue_24h' },
  { name: 'project-metrics-table', path: '/projects/veria?tab=metrics&as=table&metric=revenue', shows: 'revenue_24h' },
  { name: 'project-performance', path: '/projects/veria?tab=performance', shows: 'No database is looked at' },
  { name: 'project-logs', path: '/projects/rollizr?tab=logs', shows: 'Logs' },
  { name: 'project-config', path: '/projects/performia?tab=config', shows: 'Declaration' },
  { name: 'project-unknown', path: '/projects/nowhere', shows: 'There is no project' },
  { name: 'settings-keys', path: '/settings?tab=keys', shows: 'API keys' },
  { name: 'profile', path: '/profile', shows: 'Second factor' },
  { name: 'settings-channels', path: '/settings?tab=channels', shows: 'Channels' },
  { name: 'settings-routes', path: '/settings?tab=routes', shows: 'Routes' },
  { name: 'settings-rules', path: '/settings?tab=rules', shows: 'Rules' },
  { name: 'settings-pages', path: '/settings?tab=pages', shows: 'Status pages' },
  { name: 'settings-config', path: '/settings?tab=config', shows: 'Configuration' },
  { name: 'nowhere', path: '/no-such-page', shows: 'Overview' },
] as const;

/** Opens one of the pages and waits until it shows what it is for, and nothing on it is still loading. */
export async function show(page: Page, { path, shows }: { path: string; shows: string }): Promise<void> {
  await page.goto(path);
  await page.getByText(shows).filter({ visible: true }).first().waitFor();
  await until(async () => (await page.getByRole('status', { name: /^Loading/ }).count()) === 0, {
    timeoutMs: 15_000,
    what: `${path} has loaded`,
  });
}
