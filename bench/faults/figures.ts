/** Rows of figures that were measured many times. */
import { measuredRow, type Row, type RowKind } from '../rows.ts';

/** The value below which so great a share of the figures lies. */
export function quantile(figures: readonly number[], share: number): number {
  const sorted = figures.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** Median and the 99th percentile. */
export function quantileRows(id: string, figures: readonly number[], kind: RowKind): Row[] {
  return [0.5, 0.99].map((share) => {
    const row = measuredRow(`${id}_p${100 * share}`, [quantile(figures, share)], kind);
    return { ...row, n: figures.length };
  });
}
