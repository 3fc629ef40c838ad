/**
 * The frame of a series: mean m and standard deviation s, learned as samples come, in which everything else is counted.
 *
 *   z = (x − m)/s      a = 1/min(n, memory)      m += a(x−m)      v = (1−a)(v + a(x−m)²)
 *
 * s has a floor of 1e-6 of the mean, so that a constant series does not divide by nothing.
 * Memory: samples n, m, v.
 */
export const FRAME_SIZE = 3;

export function meanOf(memory: Float64Array, at: number): number {
  return memory[at + 1];
}

export function scaleOf(memory: Float64Array, at: number): number {
  return Math.sqrt(memory[at + 2]) + 1e-9 + 1e-6 * Math.abs(memory[at + 1]);
}

/** Takes in x; `samplesMax` is the memory in samples. */
export function frameStep(memory: Float64Array, at: number, x: number, samplesMax: number): void {
  const n = memory[at] + 1;
  memory[at] = n;
  const a = 1 / Math.min(n, samplesMax);
  const d = x - memory[at + 1];
  memory[at + 1] += a * d;
  memory[at + 2] = (1 - a) * (memory[at + 2] + a * d * d);
}

const ADOPTED_SAMPLES = 20;

/** Begins at a value with the deviation of a sibling, which is believed like 20 samples. */
export function adoptFrame(memory: Float64Array, at: number, sibling: Float64Array, from: number, value: number): void {
  memory[at] = ADOPTED_SAMPLES;
  memory[at + 1] = value;
  memory[at + 2] = sibling[from + 2];
}
