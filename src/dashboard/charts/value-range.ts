/**
 * The vertical range of a chart: value and expectation entirely, the band as far as it does not flatten them.
 *
 * While a model learns its band can be many times wider than the signal; then it may take up at most `BAND_REACH`
 * times the signal's own height on each side.
 */
import type { ChartColumns } from './columns.ts';

const BAND_REACH = 1;

export function valueRange(columns: ChartColumns): [min: number, max: number] {
  const [min, max] = extent([columns.y, columns.e]);
  if (min > max) return [0, 1];
  const [bandMin, bandMax] = extent([columns.lo, columns.hi]);
  const reach = max > min ? (max - min) * BAND_REACH : Infinity;
  const low = Math.min(min, Math.max(bandMin, min - reach));
  const high = Math.max(max, Math.min(bandMax, max + reach));
  // A flat line sits in the middle, at a scale that does not make rounding noise look like weather.
  const margin = high > low ? (high - low) * 0.08 : Math.abs(high) * 0.05 || 1;
  return [low - margin, high + margin];
}

/** [Infinity, −Infinity] when nothing is known. */
function extent(columns: readonly (number | null)[][]): [number, number] {
  let min = Infinity;
  let max = -Infinity;
  for (const column of columns) {
    for (const value of column) {
      if (value === null) continue;
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  return [min, max];
}
