import { StatusPageDeclaration } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../platform/testing.ts';
import { toHtml } from './html.ts';
import { createStatusPages } from './index.ts';

const page = StatusPageDeclaration.parse({
  slug: 'public',
  title: 'Veria <script>alert(1)</script>',
  description: '"quotes" & more',
  groups: [{ name: '<b>Shop</b>', services: [{ service: 'veria/api', label: "<img src=x onerror='alert(1)'>" }] }],
});

function open() {
  const kit = { now: Date.parse('2026-11-20T12:00:00Z'), fails: false, builds: 0, declared: [page] };
  const pages = createStatusPages({
    clock: { now: () => kit.now, monotonic: () => kit.now },
    log: silentLog,
    pages: () => kit.declared,
    async states() {
      kit.builds++;
      if (kit.fails) throw new Error('the database is away');
      return [{ project: 'veria', service: 'api', status: 'up', since: null }];
    },
    outages: async () => [],
    maintenance: async () => [],
    daily: async () => new Map(),
  });
  return { kit, pages };
}

describe('a page', () => {
  it('is made once for everybody who looks at about the same time', async () => {
    const { kit, pages } = open();
    await Promise.all(Array.from({ length: 50 }, () => pages.view('public')));
    await pages.view('public');
    expect(kit.builds).toBe(1);
    kit.now += 10_000;
    await pages.view('public');
    expect(kit.builds).toBe(2);
  });

  it('stays as it was while it cannot be made anew, and says of when it is', async () => {
    const { kit, pages } = open();
    const first = await pages.view('public');
    kit.fails = true;
    kit.now += 60_000;
    expect(await pages.view('public')).toEqual(first);
    kit.fails = false;
    kit.now += 10_000;
    expect((await pages.view('public'))?.generatedAt).not.toBe(first?.generatedAt);
  });

  it('is gone with its declaration, and changes with it', async () => {
    const { kit, pages } = open();
    await pages.view('public');
    kit.declared = [{ ...page, title: 'Another' }];
    expect((await pages.view('public'))?.title).toBe('Another');
    kit.declared = [];
    expect(await pages.view('public')).toBeUndefined();
    expect(await pages.view('nobody')).toBeUndefined();
  });
});

it('shows hostile words as words', async () => {
  const { pages } = open();
  const view = await pages.view('public');
  if (!view) throw new Error('there is a page');
  const html = toHtml(view);
  expect(html).not.toMatch(/<script|<img|<b>|onerror='/);
  expect(html).toContain('&lt;script&gt;');
  expect(html).not.toContain('style=');
});
