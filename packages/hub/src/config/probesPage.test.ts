import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProbeDeclaration } from '@orrery/protocol';
import { afterAll, describe, expect, test } from 'vitest';
import { readConfigFile } from './file.ts';

const page = readFileSync(new URL('../../../../docs/probes.md', import.meta.url), 'utf8');
const sections = page
  .split(/^## /m)
  .slice(1)
  .map((text) => ({ kind: text.split('\n', 1)[0] ?? '', blocks: [...text.matchAll(/```yaml\n(.*?)```/gs)] }));
const folder = mkdtempSync(join(tmpdir(), 'orrery-docs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the page's references would hold. */
const environment = Object.fromEntries(
  [...page.matchAll(/\$\{([A-Z_]+)\}/g)].map(([, name = '']) => [
    name,
    /_(CA|CERT|KEY)$/.test(name) ? '-----BEGIN THING-----\nx\n-----END THING-----' : 'secret',
  ]),
);

describe('docs/probes.md', () => {
  test('has a section for every kind', () => {
    const kinds = ProbeDeclaration.options.map((option) => option.shape.kind.value);
    expect(sections.map(({ kind }) => kind).sort()).toEqual(kinds.sort());
  });

  test.each(sections)('the example of $kind is a good configuration', ({ kind, blocks }) => {
    expect(blocks.length).toBeGreaterThan(0);
    for (const [, block = ''] of blocks) {
      const file = join(folder, `${kind}.yaml`);
      const project =
        'projects:\n  - slug: shop\n    name: Shop\n    hubUrl: https://shop.example.com\n    services:\n';
      const probes = block.replace(/^(?=.)/gm, '          ');
      writeFileSync(file, `${project}      - name: api\n        probes:\n${probes}`);
      const { file: read, issues } = readConfigFile(file, environment);
      expect(issues).toEqual([]);
      const declared = read?.projects[0]?.declaration.services[0]?.probes ?? [];
      expect(declared.length).toBeGreaterThan(0);
      for (const probe of declared) expect(probe.kind).toBe(kind);
    }
  });
});
