/**
 * What a step adds up to: the error of this sample, or the sum of the last two or three where that says more.
 *
 * A spike is one large error. A step that the forecast does not follow at once is two or three on the same side, each no
 * larger than chance allows, their sum far beyond it. Sums are counted in the scale of one error, by how they usually
 * compare,
 *
 *   |e₁ + … + eₘ|·√(mean e²/mean (e₁ + … + eₘ)²)      m = 1, 2, 3
 *
 * at most 1/√m, so that errors which take turns cannot blow it up.
 *
 * Memory: the two errors before; mean squares of the sums of two and of three.
 */
const SAMPLES = 3;
const SQUARES = SAMPLES - 1;
export const SUDDEN_SIZE = 2 * (SAMPLES - 1);

const KNOWN_AFTER = 50;
const MEMORY_SAMPLES = 500;
/** A square counts as at most that of so many deviations. */
const SIGMAS_MAX = 4;

/**
 * Takes in the error of a sample and returns the size of what is sudden, |error| or more.
 * @param meanSquare of errors; @param n samples before
 */
export function suddenStep(memory: Float64Array, at: number, error: number, meanSquare: number, n: number): number {
  let largest = Math.abs(error);
  let sum = error;
  for (let m = 2; m <= SAMPLES; m++) {
    sum += memory[at + m - 2];
    const square = at + SQUARES + m - 2;
    const usual = memory[square];
    const ratio = n > KNOWN_AFTER && meanSquare > 0 ? Math.max(m, usual / meanSquare) : m;
    largest = Math.max(largest, Math.abs(sum) / Math.sqrt(ratio));
    const most = n > KNOWN_AFTER ? SIGMAS_MAX * SIGMAS_MAX * m * meanSquare : Infinity;
    memory[square] += (Math.min(sum * sum, most) - usual) / Math.min(n + 1, MEMORY_SAMPLES);
  }
  memory[at + 1] = memory[at];
  memory[at] = error;
  return largest;
}
