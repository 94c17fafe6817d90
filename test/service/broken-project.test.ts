import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { FedProject, ProjectDetail } from '@orrery/protocol';
import { expect, it, onTestFinished } from 'vitest';
import { createSecrets } from '../../packages/hub/src/platform/secrets.ts';
import { type RunningHub, startHub } from '../services/hub.ts';
import { startProduct } from '../services/product.ts';

const YAML = `network: { allowPrivate: true }
projects:
  - { slug: filed, name: Filed, hubUrl: "http://127.0.0.1:1", apiKey: key-of-the-file }
`;
const secret = () => randomBytes(32).toString('base64');

/** A hub with a project of its file and two that were added, stopped; `spoil` seals what is stored of one with somebody else's key. */
async function house() {
  const own = secret();
  const product = await startProduct('bakery');
  const first = await startHub({ yaml: YAML, env: { ORRERY_SECRET: own } });
  const { dataDir } = first;
  let running: RunningHub = first;
  onTestFinished(async () => {
    await running.dispose();
    await product.stop();
  });
  for (const slug of ['good', 'bad']) {
    const made = await first.api.post('/api/fed/projects', {
      hubUrl: product.url,
      slug,
      name: slug,
      apiKey: `key-${slug}`,
    });
    expect(made.status, made.text).toBeLessThan(300);
  }
  await first.stop();
  return {
    spoil(slug: string, column: 'declaration' | 'api_key_sealed') {
      const db = new DatabaseSync(join(dataDir, 'orrery.db'));
      const context = column === 'declaration' ? `project:${slug}` : `project-key:${slug}`;
      const sealed = createSecrets(secret()).seal('{}', context);
      db.prepare(`UPDATE projects SET ${column} = ? WHERE slug = ?`).run(sealed, slug);
      db.close();
    },
    async start(env: Record<string, string> = { ORRERY_SECRET: own }): Promise<RunningHub> {
      running = await startHub({ dataDir, env });
      return running;
    },
  };
}
const projects = async (hub: RunningHub) => {
  const all = await hub.api.read<FedProject[]>('/api/fed/projects');
  return Object.fromEntries(all.map((project) => [project.slug, project]));
};

for (const column of ['declaration', 'api_key_sealed'] as const)
  it(`a project whose ${column} does not open is shown with the reason and what to do, and the hub runs without it`, async () => {
    const { spoil, start } = await house();
    spoil('bad', column);
    const hub = await start();
    const { good, bad, filed } = await projects(hub);
    expect(good).toMatchObject({ name: 'good' });
    expect(good?.broken).toBeUndefined();
    expect(filed?.broken).toBeUndefined();
    expect(bad).toMatchObject({ slug: 'bad', name: 'bad' });
    expect(bad?.broken).toMatch(/does not open.*ORRERY_SECRET_PREVIOUS.*remove it and add it again/s);
    const detail = await hub.api.read<ProjectDetail>('/api/fed/projects/bad');
    expect(detail.broken).toBe(bad?.broken);
    for (const path of ['/api/fed/graph', '/ops/health', '/admin/system/health'])
      expect((await hub.api.get(path)).status, path).toBe(200);
    expect(hub.stderr()).toContain('bad');
    expect((await hub.api.call('DELETE', '/api/fed/projects/bad')).status).toBeLessThan(300);
    expect(Object.keys(await projects(hub)).toSorted()).toEqual(['filed', 'good']);
  }, 60_000);

it('what the file declares is written anew when what is stored of it does not open', async () => {
  const { spoil, start } = await house();
  spoil('filed', 'declaration');
  spoil('filed', 'api_key_sealed');
  const { filed } = await projects(await start());
  expect(filed).toMatchObject({ name: 'Filed', hubUrl: 'http://127.0.0.1:1', hasApiKey: true });
  expect(filed?.broken).toBeUndefined();
}, 60_000);

it('a hub whose master key opens nothing does not start: it is the key that is wrong', async () => {
  const { start } = await house();
  await expect(start({ ORRERY_SECRET: secret() })).rejects.toThrow(/ORRERY_SECRET/);
}, 60_000);
