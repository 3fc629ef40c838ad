/**
 * How large errors usually are, from the errors as they come; what a moving Huber loss takes its δ from.
 *
 *   m ← m + (kept − m)/min(count, memory)   kept = min(e², 9m), from the 21st error on
 *   σ = √m                                  at least 1e-6
 *
 * Cut off at three sigma (winsorised), so that a fault does not widen its own yardstick at once; where errors have
 * grown for good, m follows by a factor of e in about memory/8 steps. The floor lets it start again after a series
 * that was foreseen exactly. An error that is not finite is passed over.
 *
 * Memory: m, errors counted.
 */
export const RUNNING_SCALE_SIZE = 2;
const WINSOR_AFTER = 20;
const WINSOR_SQUARE = 9;
const SQUARE_MIN = 1e-12;

/** @param memoryErrors  how many errors back the weight falls to 1/e */
export function runningScaleStep(memory: Float64Array, at: number, e: number, memoryErrors: number): void {
  const count = memory[at + 1] + 1;
  const square = e * e;
  if (!(square < Infinity)) return;
  const before = memory[at];
  const limit = WINSOR_SQUARE * Math.max(before, SQUARE_MIN);
  const kept = count > WINSOR_AFTER && square > limit ? limit : square;
  memory[at] = before + (kept - before) / Math.min(count, memoryErrors);
  memory[at + 1] = count;
}

export function runningScaleOf(memory: Float64Array, at: number): number {
  return Math.sqrt(Math.max(memory[at], SQUARE_MIN));
}
