import { NONE } from '../ui/format.ts';

/** Dollars, with as many digits as the amount needs: `$0.000012`, `$0.42`, `$1,234`. Null is unpriced. */
export function formatUsd(usd: number | null | undefined): string {
  if (usd === null || usd === undefined || !Number.isFinite(usd)) return NONE;
  if (usd === 0) return '$0';
  if (usd < 0.01) {
    // Rounded first: what is rounded up to the next power of ten has a digit less to show.
    const rounded = Number(usd.toPrecision(2));
    return `$${rounded.toFixed(Math.min(9, 1 - Math.floor(Math.log10(rounded))))}`;
  }
  if (usd < 100) return `$${usd.toFixed(2)}`;
  return `$${Math.round(usd).toLocaleString('en')}`;
}
