/**
 * What an alert looks like: six numbers of its first residuals, by whose cosine past incidents like it are found.
 *
 *   r_i = error_i/√(mean error²)   the residuals from the opening sample on, as many as there are up to n = 12
 *   M   = the largest of them, with its sign
 *
 *   signature = [ sign M·Σr/Σ|r|,  Σ|r|/(n·|M|),  Σ r_i·r_{i−1}/Σ r_i²,  r_1/2M,  r_n/2M,  min(1, log1p|M|/3) ]
 *
 * Measured from M on, up and down are alike: a drop finds the jump before it. Residuals have mean 0 where nothing is
 * wrong, so their correlation is about 0 and not about the mean of the window, which of a shift would leave nothing.
 * First and last rest on one sample each and count half. The size is at most 1, reached at 19 deviations: beyond, it
 * alone would make any two alike. Hidden states match worse than residuals: the weights behind them move.
 *
 * The window is filled once in an alert, sample by sample, and stands from the twelfth on or from the close if that
 * comes sooner, until the next alert opens: it depends on nothing but the samples of the series. A sample without an
 * error (silence, text, a series that never changed) is not in it. Of less than four there is no signature.
 *
 * Memory: residuals in the window; the residuals [12].
 */
import { clip } from './activation.ts';

const WINDOW = 12;
const RESIDUALS_MIN = 4;
export const SIGNATURE_SIZE = 1 + WINDOW;
/** Against a deviation of next to nothing, every error is as large as can be. */
const RESIDUAL_LIMIT = 1000;

/** The error in deviations. @param meanSquare of errors before it */
export function standardised(error: number, meanSquare: number): number {
  return error === 0 ? 0 : clip(error / Math.sqrt(meanSquare), RESIDUAL_LIMIT);
}

/** An alert opens. */
export function clearWindow(memory: Float64Array, at: number): void {
  memory[at] = 0;
}

/** Takes in a residual of an open alert, NaN where there is none. True where it is the last of the window. */
export function enterWindow(memory: Float64Array, at: number, residual: number): boolean {
  const n = memory[at];
  if (n === WINDOW || Number.isNaN(residual)) return false;
  memory[at + 1 + n] = residual;
  memory[at] = n + 1;
  return n + 1 === WINDOW;
}

export function isWindowFull(memory: Float64Array, at: number): boolean {
  return memory[at] === WINDOW;
}

/** Six numbers; none where the window has too little in it, or nothing but zeros. Makes an array. */
export function signatureOf(memory: Float64Array, at: number): number[] {
  const n = memory[at];
  const first = at + 1;
  let sum = 0;
  let sizes = 0;
  let squares = 0;
  let products = 0;
  let M = 0;
  for (let i = 0; i < n; i++) {
    const r = memory[first + i];
    sum += r;
    sizes += Math.abs(r);
    squares += r * r;
    if (i > 0) products += r * memory[first + i - 1];
    if (Math.abs(r) > Math.abs(M)) M = r;
  }
  if (n < RESIDUALS_MIN || squares === 0) return [];
  const size = Math.abs(M);
  return [
    (Math.sign(M) * sum) / sizes,
    sizes / n / size,
    products / squares,
    memory[first] / M / 2,
    memory[first + n - 1] / M / 2,
    Math.min(1, Math.log1p(size) / 3),
  ].map(withoutNegativeZero);
}

/** Minus zero would not come back from JSON. */
function withoutNegativeZero(x: number): number {
  return x + 0;
}
