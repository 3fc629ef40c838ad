/**
 * Samples gathered in stretches of time, so that what runs slowly costs and remembers the same at 10 Hz as at one sample
 * in five minutes. Where samples come no faster than buckets, every sample is a bucket of its own.
 *
 * Memory: number of the bucket, sum of its values, how many.
 */
export const BUCKETS_SIZE = 3;

/** Whether samples of this cadence are gathered at all, or each is a bucket of its own. */
export function isGathered(cadence: number, bucketMs: number): boolean {
  return cadence * 1.5 < bucketMs;
}

/** Time from one bucket to the next, ms. */
export function strideOf(cadence: number, bucketMs: number): number {
  return isGathered(cadence, bucketMs) ? bucketMs : cadence;
}

/** Adds a value to its bucket. Returns the mean of the bucket before, where this value is the first of another; else NaN. */
export function gather(memory: Float64Array, at: number, value: number, time: number, bucketMs: number): number {
  const bucket = Math.floor(time / bucketMs);
  const count = memory[at + 2];
  const isNext = bucket !== memory[at] && count > 0;
  const mean = isNext ? memory[at + 1] / count : Number.NaN;
  memory[at] = bucket;
  memory[at + 1] = isNext ? value : memory[at + 1] + value;
  memory[at + 2] = isNext ? 1 : count + 1;
  return mean;
}

/** Time in the middle of the bucket that is being filled, ms. */
export function bucketTime(memory: Float64Array, at: number, bucketMs: number): number {
  return (memory[at] + 0.5) * bucketMs;
}
