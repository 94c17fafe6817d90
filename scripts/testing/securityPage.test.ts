import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = readFileSync(`${root}docs/security.md`, 'utf8');
/** How many requirements each chapter of ASVS 5.0.0 has on levels 1 and 2. */
const CHAPTERS = {
  1: 27,
  2: 11,
  3: 19,
  4: 10,
  5: 9,
  6: 35,
  7: 18,
  8: 7,
  9: 7,
  10: 29,
  11: 14,
  12: 9,
  13: 13,
  14: 9,
  15: 13,
  16: 16,
  17: 7,
};

it('every test and file that docs/security.md cites exists', () => {
  const cited = [...page.matchAll(/`((?:packages|test|scripts|docs)\/[^`\s]+)`/g)].map(([, path = '']) => path);
  expect(cited.length).toBeGreaterThan(150);
  expect([...new Set(cited)].filter((path) => !existsSync(root + path))).toEqual([]);
});

it('every requirement of a chapter has one row, and says whether it holds', () => {
  const rows = [...page.matchAll(/^\| (V(\d+)\.\d+\.\d+) \| [^|]+ \| ([^|]+) \|/gm)];
  const ids = rows.map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const states = new Set(rows.map(([, , , state]) => state));
  expect([...states].sort()).toEqual(['**not met**', 'holds', 'not applicable', 'partly', "the operator's"]);
  const counts = Object.fromEntries(
    Object.keys(CHAPTERS).map((chapter) => [chapter, rows.filter(([, , of]) => of === chapter).length]),
  );
  expect(counts).toEqual(CHAPTERS);
});
