import type { StatusPageView } from '@orrery/protocol';
import { expect, it } from 'vitest';
import { systemCaller } from '../access/index.ts';
import { statusPageRoutes } from './routes.ts';

let written = 0;
const view = {
  get title() {
    written += 1;
    return 'Veria';
  },
  status: 'up',
  generatedAt: '2026-11-20T12:00:00.000Z',
  groups: [],
  incidents: [],
  maintenance: [],
} satisfies StatusPageView;
const routes = statusPageRoutes({ view: async () => view, list: () => [] });

async function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
  const route = routes.find((each) => each.path === path);
  const request = new Request('http://hub/', { headers });
  const given = {
    params: { slug: 'public' },
    query: undefined,
    body: undefined,
    caller: systemCaller('test'),
    request,
  };
  return (await route?.handle(given as never)) as Response;
}

it.each(['/status/{slug}', '/api/status/{slug}'])('%s is written once for everybody who asks for it', async (path) => {
  const first = await (await get(path)).text();
  const before = written;
  for (let i = 0; i < 100; i++) expect(await (await get(path)).text()).toBe(first);
  expect(written).toBe(before);
});

it.each([
  ['as it was sent', (etag: string) => etag],
  ['as a proxy that compresses passes it on', (etag: string) => `W/${etag}`],
  ['among others', (etag: string) => `"other", ${etag}`],
])('who has it already is not sent it again: the tag %s', async (_name, seen) => {
  const { headers } = await get('/status/{slug}');
  const again = await get('/status/{slug}', { 'if-none-match': seen(headers.get('etag') ?? '') });
  expect([again.status, await again.text()]).toEqual([304, '']);
  expect((await get('/status/{slug}', { 'if-none-match': '"other"' })).status).toBe(200);
});
