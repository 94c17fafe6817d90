import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../../../test/services/until.ts';
import { systemClock } from '../platform/clock.ts';
import { loadConfig } from './load.ts';
import { type ConfigWatch, watchConfig } from './watch.ts';

const yaml = (...slugs: string[]) =>
  `projects:\n${slugs.map((slug) => `  - { slug: ${slug}, name: N, hubUrl: http://h }\n`).join('')}`;

let watching: ConfigWatch | undefined;
afterEach(() => watching?.stop());

function follow(start: string | undefined, onValid: (slugs: string[]) => void = () => undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'orrery-watch-'));
  const path = join(folder, 'orrery.yaml');
  if (start !== undefined) writeFileSync(path, start);
  const taken: string[][] = [];
  const refused: string[] = [];
  const watch = watchConfig(loadConfig({ env: {}, cwd: folder }), {
    clock: systemClock,
    pollMs: 50,
    onValid: (file) => {
      const slugs = file.projects.map(({ declaration }) => declaration.slug);
      onValid(slugs);
      taken.push(slugs);
    },
    onInvalid: (issues) =>
      void refused.push(...issues.map(({ line, field, reason }) => `${line ?? ''} ${field} ${reason}`)),
  });
  watching = watch;
  return { folder, path, taken, refused, watch };
}
const takes = (taken: string[][], slugs: string[]) =>
  until(() => taken.some((found) => `${found}` === `${slugs}`), { timeoutMs: 20_000, what: `takes ${slugs}` });

describe('a configuration file that changes', { timeout: 30_000 }, () => {
  it('is taken when it is written in place', async () => {
    const { path, taken, watch } = follow(yaml('a'));
    writeFileSync(path, yaml('a', 'b'));
    await takes(taken, ['a', 'b']);
    await until(() => watch.status().projects === 2, { what: 'the status follows' });
    expect(watch.status()).toMatchObject({ file: path, issues: [] });
  });

  it('is taken when another is renamed over it', async () => {
    const { folder, path, taken } = follow(yaml('a'));
    writeFileSync(join(folder, 'new'), yaml('b'));
    renameSync(join(folder, 'new'), path);
    await takes(taken, ['b']);
  });

  it('is taken when a link on the way to it is moved, as Kubernetes does', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'orrery-k8s-'));
    for (const [version, text] of [
      ['v1', yaml('a')],
      ['v2', yaml('b')],
    ] as const) {
      mkdirSync(join(folder, version));
      writeFileSync(join(folder, version, 'orrery.yaml'), text);
    }
    symlinkSync('v1', join(folder, '..data'));
    symlinkSync('..data/orrery.yaml', join(folder, 'orrery.yaml'));
    const taken: string[][] = [];
    watching = watchConfig(loadConfig({ env: {}, cwd: folder }), {
      clock: systemClock,
      pollMs: 50,
      onValid: (file) => void taken.push(file.projects.map(({ declaration }) => declaration.slug)),
      onInvalid: () => undefined,
    });
    symlinkSync('v2', join(folder, '..new'));
    renameSync(join(folder, '..new'), join(folder, '..data'));
    await takes(taken, ['b']);
  });

  it('is taken when it appears after the start', async () => {
    const { path, taken, watch } = follow(undefined);
    expect(watch.status()).toMatchObject({ file: null, projects: 0 });
    writeFileSync(path, yaml('a'));
    await takes(taken, ['a']);
  });

  it('is refused whole when it has mistakes, which are listed with their lines until it is right again', async () => {
    const { path, taken, refused, watch } = follow(yaml('a'));
    writeFileSync(path, `${yaml('a', 'b')}chanels: []\nretention: { raw: x }\n`);
    await until(() => watch.status().issues.length === 2, { timeoutMs: 20_000, what: 'both mistakes' });
    expect(watch.status().issues.map(({ line, field }) => `${line} ${field}`)).toEqual([
      '4 chanels',
      '5 retention.raw',
    ]);
    expect(watch.status().projects).toBe(1);
    expect(watch.current().projects).toHaveLength(1);
    expect(taken).toEqual([]);
    expect(refused).toHaveLength(2);
    writeFileSync(path, yaml('c'));
    await takes(taken, ['c']);
    await until(() => watch.status().issues.length === 0, { what: 'no mistakes left' });
  });

  it('does not take everything away when it is emptied or removed', async () => {
    const { path, taken, watch } = follow(yaml('a'));
    writeFileSync(path, '\n');
    await until(() => watch.status().issues[0]?.reason.includes('is empty'), {
      timeoutMs: 20_000,
      what: 'says that it is empty',
    });
    rmSync(path);
    await until(() => watch.status().issues[0]?.reason.includes('is gone'), {
      timeoutMs: 20_000,
      what: 'says that it is gone',
    });
    expect(taken).toEqual([]);
    expect(watch.current().projects).toHaveLength(1);
  });

  it('is tried again when taking it failed', async () => {
    let failures = 2;
    const { path, taken, refused, watch } = follow(yaml('a'), () => {
      if (failures-- > 0) throw new Error('the database is away');
    });
    writeFileSync(path, yaml('b'));
    await takes(taken, ['b']);
    expect(refused.length).toBe(2);
    expect(refused[0]).toContain('the database is away');
    expect(watch.status().issues).toEqual([]);
  });

  it('is not handed on when only its date changed', async () => {
    const { path, taken, watch } = follow(yaml('a'));
    writeFileSync(path, yaml('a'));
    await watch.check();
    expect(taken).toEqual([]);
  });
});
