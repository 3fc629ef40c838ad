/** Functions that the platform lacks, precise where the obvious formula is not. */

/** ln √(2π). */
const HALF_LN_2PI = 0.9189385332046728;
/** From here on the series below is as good as the numbers. */
const SERIES_FROM = 10;

/**
 * ln Γ(x) for x > 0, NaN elsewhere; to about 1e-14 of the larger of itself and 1.
 *
 *   ln Γ(x) = (x − ½)·ln x − x + ln √(2π) + 1/12x − 1/360x³ + …        Stirling's series, for large x
 *   Γ(x) = Γ(x + n) / (x(x+1)…(x+n−1))                                 takes a small x there
 */
export function lnGamma(x: number): number {
  if (!(x > 0)) return Number.NaN;
  let product = 1;
  let z = x;
  while (z < SERIES_FROM) {
    product *= z;
    z += 1;
  }
  const r = 1 / z;
  const r2 = r * r;
  const series =
    r * (1 / 12 - r2 * (1 / 360 - r2 * (1 / 1260 - r2 * (1 / 1680 - r2 * (1 / 1188 - (r2 * 691) / 360360)))));
  return (z - 0.5) * Math.log(z) - z + HALF_LN_2PI + series - Math.log(product);
}

/** ln(1 + eᵃ); exp never overflows, and what is nearly 0 keeps its precision. */
export function softplus(a: number): number {
  return Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a)));
}

/** ln Σ exp of memory[at..at+n], the largest taken out first: nothing overflows. n ≥ 1. */
export function logSumExp(memory: Float64Array, at: number, n: number): number {
  const largest = largestOf(memory, at, n);
  let sum = 0;
  for (let k = 0; k < n; k++) sum += Math.exp(memory[at + k] - largest);
  return largest + Math.log(sum);
}

export function largestOf(memory: Float64Array, at: number, n: number): number {
  let largest = memory[at];
  for (let k = 1; k < n; k++) if (memory[at + k] > largest) largest = memory[at + k];
  return largest;
}
