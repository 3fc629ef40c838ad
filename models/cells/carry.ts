/**
 * Traces carried from step to step: E ← keep·E + gain·z, what all learning without a window is made of.
 *
 * A trace lives as long as its stream, so it must come back from anything: one that is not finite starts again from 0,
 * where it would otherwise end all learning, and one that has faded is 0 before it is denormal, which would slow the
 * step.
 */

/** Far above the denormals and far below what a gradient can feel. */
const FADED = 1e-150;

/** The trace as it is kept. */
export function kept(trace: number): number {
  const size = Math.abs(trace);
  return size > FADED && size < Infinity ? trace : 0;
}

/** E ← keep·E + gain·z for the row of traces E at memory[traces..traces+count] and z at memory[z..]. */
export function carry(
  memory: Float64Array,
  traces: number,
  keep: number,
  gain: number,
  z: number,
  count: number,
): void {
  for (let j = 0; j < count; j++) memory[traces + j] = kept(keep * memory[traces + j] + gain * memory[z + j]);
}

/** Adds d·z to the row of the gradient at work[gradient..gradient+count]. */
export function addRow(
  work: Float64Array,
  gradient: number,
  d: number,
  memory: Float64Array,
  z: number,
  count: number,
): void {
  for (let j = 0; j < count; j++) work[gradient + j] += d * memory[z + j];
}
