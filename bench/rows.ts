/** A bench's figures, one row each, and whether they reach their bars. */
export interface Row {
  id: string;
  /** The mean over the runs; null when skipped. */
  value: number | null;
  unit: string;
  /** The figure to reach; null where none is set. */
  bar: number | null;
  better: 'higher' | 'lower';
  /** The bar is reached, or there is none; false when skipped, for nothing was shown. */
  pass: boolean;
  /** Measurements behind the value. */
  n: number;
  /** Their standard deviation; null for fewer than two. */
  spread: number | null;
  /** Why there is no value. */
  skipped?: string;
}

export interface RowKind {
  unit: string;
  better: 'higher' | 'lower';
  bar?: number;
}

export const mean = (runs: readonly number[]): number => runs.reduce((sum, x) => sum + x, 0) / runs.length;

function deviation(runs: readonly number[]): number | null {
  if (runs.length < 2) return null;
  const middle = mean(runs);
  return Math.sqrt(runs.reduce((sum, x) => sum + (x - middle) ** 2, 0) / (runs.length - 1));
}

/** @param runs  one figure per run; the mean is held against the bar */
export function measuredRow(id: string, runs: readonly number[], { unit, better, bar }: RowKind): Row {
  const value = mean(runs);
  if (!Number.isFinite(value)) throw new RangeError(`row ${id}: expected finite figures, got ${runs.join(', ')}`);
  const pass = bar === undefined || (better === 'higher' ? value >= bar : value <= bar);
  return { id, value, unit, bar: bar ?? null, better, pass, n: runs.length, spread: deviation(runs) };
}

export function skippedRow(id: string, reason: string, { unit, better, bar }: RowKind): Row {
  return { id, value: null, unit, bar: bar ?? null, better, pass: false, n: 0, spread: null, skipped: reason };
}

/** Whole numbers as they are, small ones to four digits, the rest to three places. */
export function figure(value: number | null): string {
  if (value === null) return '–';
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) < 0.01 ? value.toPrecision(4) : value.toFixed(3);
}

/**
 * One line for every bar that falls short.
 * @param strict  a skipped row falls short too, for machines where every service is expected to be there
 */
export function shortfalls(rows: readonly Row[], strict: boolean): string[] {
  return rows
    .filter((row) => !row.pass && (strict || row.skipped === undefined))
    .map((row) => {
      if (row.skipped !== undefined) return `${row.id}: skipped, ${row.skipped}`;
      const bound = row.better === 'higher' ? 'at least' : 'at most';
      return `${row.id}: expected ${bound} ${figure(row.bar)} ${row.unit}, got ${figure(row.value)}`;
    });
}
