import { describe, expect, it } from 'vitest';
import { betaBelow, betaQuantile } from './beta.ts';

/** scipy.stats.beta.ppf (SciPy 1.17.1) at 10, 50 and 90 %. */
const SCIPY: readonly (readonly [number, number, number, number, number])[] = [
  [1, 1, 0.1, 0.5, 0.9],
  [1, 5, 0.020851638, 0.129449437, 0.369042656],
  [2, 7, 0.068626047, 0.201131193, 0.406245494],
  [0.5, 0.5, 0.024471742, 0.5, 0.975528258],
  [0.18, 3.82, 5.23e-7, 0.004037721, 0.146493211],
  [40, 3, 0.878207201, 0.936840183, 0.973471779],
  [4, 10, 0.1416111, 0.275275832, 0.444263382],
  [1000, 2500, 0.275955366, 0.285673465, 0.295525665],
  [12.5, 0.4, 0.911584688, 0.988181821, 0.999807533],
];

describe('quantiles of a Beta distribution', () => {
  it.each(SCIPY)('of Beta(%f, %f) are those of another implementation', (a, b, ...wanted) => {
    const got = [0.1, 0.5, 0.9].map((share) => betaQuantile(share, a, b));
    wanted.forEach((value, i) => {
      expect(got[i]).toBeCloseTo(value, 8);
    });
  });

  it.each([0.01, 0.3, 0.77, 0.999])('have their closed forms where there are some (%f)', (share) => {
    expect(betaQuantile(share, 7.3, 1)).toBeCloseTo(share ** (1 / 7.3), 9);
    expect(betaQuantile(share, 1, 4.1)).toBeCloseTo(1 - (1 - share) ** (1 / 4.1), 9);
    expect(betaQuantile(share, 0.5, 0.5)).toBeCloseTo(Math.sin((Math.PI * share) / 2) ** 2, 9);
  });

  it('is the whole of it from 0 to 1, and its mirror from the other side', () => {
    expect(betaBelow(-1, 2, 3)).toBe(0);
    expect(betaBelow(1.5, 2, 3)).toBe(1);
    expect(betaBelow(0.3, 2, 3) + betaBelow(0.7, 3, 2)).toBeCloseTo(1, 12);
  });
});
