import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DESCRIPTIONS } from './descriptions.ts';
import { docsFiles } from './docs.ts';
import { fileSchema, visitSchema } from './schema.ts';

describe('the generated documentation', () => {
  for (const [name, text] of Object.entries(docsFiles()))
    it(`docs/${name} is what the schemas say (else run scripts/docs.ts)`, () => {
      expect(readFileSync(new URL(`../../../../docs/${name}`, import.meta.url), 'utf8')).toBe(text);
    });

  it('describes every key of the file, and no other', () => {
    const keys = new Set<string>();
    visitSchema(fileSchema(), (path) => {
      if (!path.endsWith('[]')) keys.add(path);
    });
    expect([...keys].sort()).toEqual(Object.keys(DESCRIPTIONS).sort());
  });
});
