/**
 * Keeps a score honest: in the long run, one sample in 10ᵏ scores k or more, whatever the series does.
 *
 * A tail fitted to the past is off by as much as the past is unlike the present: forecasts get better, a plant runs
 * differently at night. So each of the levels k = 1..4 has a mark bₖ on the raw score, moved after every sample,
 *
 *   bₖ ← bₖ + η·([raw > bₖ] − 10⁻ᵏ)
 *
 * which stands still only where the share of samples above it is 10⁻ᵏ. Between marks the score is linear, above the last
 * it goes on one for one. Within a stretch of T samples the share is off by at most |Δbₖ|/(ηT).
 *
 * Source: Gibbs & Candès 2021, adaptive conformal inference. Memory: bₖ − its start, for each k.
 */
import { clip } from './activation.ts';

const LEVELS = 4;
export const TRUE_RATE_SIZE = LEVELS;
const STEP = 0.1;
/** Where the marks start, below k: a fitted tail claims too much of what is rarest. */
const START_BELOW = [0, 0.1, -0.2, -1.3];
const SHIFT_MAX = 3;
const APART_MIN = 0.2;

function markOf(memory: Float64Array, at: number, k: number): number {
  return k - START_BELOW[k - 1] + memory[at + k - 1];
}

/** The honest score of a raw one, by what is known before it. */
export function trueScore(memory: Float64Array, at: number, raw: number): number {
  let below = 0;
  for (let k = 1; k <= LEVELS; k++) {
    const mark = Math.max(below + APART_MIN, markOf(memory, at, k));
    if (raw <= mark) return k - 1 + (raw - below) / (mark - below);
    below = mark;
  }
  return LEVELS + raw - below;
}

/** Moves the marks after a sample that scored `raw`. */
export function trueRateStep(memory: Float64Array, at: number, raw: number): void {
  let share = 1;
  for (let k = 1; k <= LEVELS; k++) {
    share /= 10;
    const exceeds = raw > markOf(memory, at, k) ? 1 : 0;
    memory[at + k - 1] = clip(memory[at + k - 1] + STEP * (exceeds - share), SHIFT_MAX);
  }
}
