import AxeBuilder from '@axe-core/playwright';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ADMIN_ENV, openBrowser, openPage, type Session, sessionOf } from '../services/browser.ts';
import { type RunningHub, startHub } from '../services/hub.ts';
import { type FakeProvider, healthy, startProvider } from '../services/provider.ts';

let browser: Browser;
let hub: RunningHub;
let session: Session;
let claude: FakeProvider;
let gpt: FakeProvider;

beforeAll(async () => {
  [browser, claude, gpt] = await Promise.all([
    openBrowser(),
    startProvider(healthy('Hello from Claude')),
    startProvider(healthy('Hello from GPT')),
  ]);
  hub = await startHub({
    env: ADMIN_ENV,
    yaml: `ai:
  providers:
    - { name: claude, url: "${claude.url}", key: k1, priority: 1, models: [claude-x] }
    - { name: openai, url: "${gpt.url}/v1", key: k2, priority: 2, models: [gpt-x] }
  prices: [{ model: "*", input: 1000, output: 10 }]
  budgets: [{ name: everybody, per: month, costUsd: 1 }]
`,
  });
  session = await sessionOf(browser, hub.url);
});
afterAll(async () => {
  await browser?.close();
  await hub?.dispose();
  await Promise.all([claude?.close(), gpt?.close()]);
});

const say = (model: string) =>
  fetch(`${hub.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${hub.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Say hello' }] }),
  }).then((response) => response.arrayBuffer());

describe('the AI page', () => {
  test('shows the way to the first call, and after some calls who was asked, how it went and what it cost', async () => {
    const { page, troubles, close } = await openPage(browser, hub.url, { storageState: session });
    await page.goto(`${hub.url}/ai`);
    await page.getByText("from 'openai'").waitFor();
    for (let i = 0; i < 5; i++) await say('claude-x');
    claude.reply = (outgoing) => void outgoing.writeHead(529).end('{"error":{"message":"overloaded"}}');
    await say('claude-x');
    claude.reply = healthy('Hello from Claude');
    await page.reload();
    await page.getByRole('table', { name: 'Usage by provider' }).getByText('claude').waitFor();
    await page.getByText('claude → openai').waitFor();
    await page.getByRole('meter', { name: 'Budget everybody' }).waitFor();
    await page.getByRole('link', { name: 'claude → openai' }).click();
    await page.getByRole('complementary', { name: 'AI call' }).getByText('Routing decision').waitFor();
    expect(new URL(page.url()).searchParams.get('tab')).toBe('calls');
    expect(troubles).toEqual([]);
    await close();
  });

  test('tries a call and says why it went where it went', async () => {
    const { page, troubles, close } = await openPage(browser, hub.url, { storageState: session });
    await page.goto(`${hub.url}/ai?tab=playground`);
    await page.getByLabel('What to ask').fill('Say hello');
    await page.getByRole('button', { name: 'Ask' }).click();
    await page.getByText('Hello from Claude').waitFor();
    await page.getByRole('region', { name: 'Routing decision' }).getByText('served').waitFor();
    expect(troubles).toEqual([]);
    await close();
  });

  test('declares a budget and removes it again; what the file declares is locked', async () => {
    const { page, troubles, close } = await openPage(browser, hub.url, { storageState: session });
    await page.goto(`${hub.url}/ai?tab=budgets`);
    await page.getByRole('button', { name: 'New budget' }).click();
    const dialog = page.getByRole('dialog', { name: 'New budget' });
    await dialog.getByLabel('Name').fill('ann');
    await dialog.getByLabel('US dollars').fill('25');
    await dialog.getByRole('button', { name: 'Declare it' }).click();
    const row = page.getByRole('row', { name: /^ann/ });
    await row.waitFor();
    expect(
      await page
        .getByRole('row', { name: /^everybody/ })
        .getByRole('button')
        .count(),
    ).toBe(0);
    await row.getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove it' }).click();
    await row.waitFor({ state: 'detached' });
    expect(troubles).toEqual([]);
    await close();
  });

  test.each(['dark', 'light'] as const)('nothing that axe finds, in the %s theme', async (colorScheme) => {
    const { page, close } = await openPage(browser, hub.url, { storageState: session, colorScheme });
    const pages = [
      ['/ai', 'Usage by provider'],
      ['/ai?tab=calls', 'AI calls'],
      ['/ai?tab=budgets', 'Budgets'],
      ['/ai?tab=playground', 'What to ask'],
    ] as const;
    // The parts are made of the same pieces: one of them in the other theme is enough.
    for (const [path, shows] of colorScheme === 'dark' ? pages : pages.slice(0, 1)) {
      await page.goto(`${hub.url}${path}`);
      await page.getByLabel(shows).first().waitFor();
      const { violations } = await new AxeBuilder({ page })
        .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
        .analyze();
      expect(
        violations.map(({ id, nodes }) => `${path} ${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`),
      ).toEqual([]);
    }
    await close();
  });
});
