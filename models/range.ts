/**
 * New extremes: how far a value lies beyond everything seen before.
 *
 *   ρ = excess beyond the past extremes, less 5 % of their span or a step of the sensor's resolution, over the span
 *   score = 3 + log10(1 + 20ρ) if ρ > 0, else 0; from the 21st value on, at most 12
 *
 * It needs no model and no distribution, and it cannot be talked into a fault slowly: whatever the forecast follows,
 * a value never reached before stays one. The resolution is the least change seen: a battery that shows 3.59 V after
 * 3.60 V is no news.
 *
 * Memory: least, greatest, values counted, last value, least change.
 */
import { SCORE_MAX } from './calibration.ts';

const LAST = 3;
const STEP = 4;
export const RANGE_SIZE = 5;
const VALUES_MIN = 20;
/** What only jumps has shown no resolution. */
const STEP_SPANS_MAX = 0.35;
/** Decimal fractions are not exact. */
const ROUNDING = 1.001;

/** Whether x is all that was ever seen, and seen before. */
export function isConstant(memory: Float64Array, at: number, x: number): boolean {
  return memory[at + 2] > 0 && memory[at] === x && memory[at + 1] === x;
}

/** Scores x against the past, then takes it in. */
export function rangeStep(memory: Float64Array, at: number, x: number): number {
  const count = memory[at + 2];
  memory[at + 2] = count + 1;
  const change = Math.abs(x - memory[at + LAST]);
  memory[at + LAST] = x;
  if (count === 0) {
    memory[at] = x;
    memory[at + 1] = x;
    return 0;
  }
  const resolution = memory[at + STEP];
  if (change > 0 && (change < resolution || resolution === 0)) memory[at + STEP] = change;
  const least = memory[at];
  const greatest = memory[at + 1];
  if (x < least) memory[at] = x;
  if (x > greatest) memory[at + 1] = x;
  if (count < VALUES_MIN) return 0;
  const span = greatest - least;
  const step = Math.min(ROUNDING * resolution, STEP_SPANS_MAX * span);
  const excess = Math.max(x - greatest, least - x) - Math.max(0.05 * span, step);
  if (excess <= 0) return 0;
  return Math.min(SCORE_MAX, 3 + Math.log10(1 + (20 * excess) / (span + 1e-9)));
}

/** Everything seen before might have been higher by this much, or lower where it is negative. */
export function widenRange(memory: Float64Array, at: number, shift: number): void {
  if (shift > 0) memory[at + 1] += shift;
  else memory[at] += shift;
}
