/**
 * New extremes: how far a value lies beyond everything seen before.
 *
 *   ρ = excess beyond the past extremes ± 5 % of their span, over the span
 *   score = 3 + log10(1 + 20ρ) if ρ > 0, else 0; from the 21st value on, at most 12
 *
 * It needs no model and no distribution, and it cannot be talked into a fault slowly: whatever the forecast follows,
 * a value never reached before stays one. Memory: least, greatest, values counted.
 */
import { SCORE_MAX } from './calibration.ts';

export const RANGE_SIZE = 3;
const VALUES_MIN = 20;

/** Whether x is all that was ever seen, and seen before. */
export function isConstant(memory: Float64Array, at: number, x: number): boolean {
  return memory[at + 2] > 0 && memory[at] === x && memory[at + 1] === x;
}

/** Scores x against the past, then takes it in. */
export function rangeStep(memory: Float64Array, at: number, x: number): number {
  const count = memory[at + 2];
  memory[at + 2] = count + 1;
  if (count === 0) {
    memory[at] = x;
    memory[at + 1] = x;
    return 0;
  }
  const least = memory[at];
  const greatest = memory[at + 1];
  if (x < least) memory[at] = x;
  if (x > greatest) memory[at + 1] = x;
  if (count < VALUES_MIN) return 0;
  const span = greatest - least;
  const excess = Math.max(x - greatest, least - x) - 0.05 * span;
  if (excess <= 0) return 0;
  return Math.min(SCORE_MAX, 3 + Math.log10(1 + (20 * excess) / (span + 1e-9)));
}

/** Everything seen before might have been higher by this much, or lower where it is negative. */
export function widenRange(memory: Float64Array, at: number, shift: number): void {
  if (shift > 0) memory[at + 1] += shift;
  else memory[at] += shift;
}
