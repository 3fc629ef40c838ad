/**
 * The slow lane: an exponential mean of errors over a stretch of time, scored in buckets.
 *
 * Errors are averaged in buckets of season/288; a full bucket enters the mean and is scored once, and the score stands
 * until the next. Where samples come no faster than buckets, every sample is a bucket of its own and is scored at
 * once. So the lane costs and remembers the same at 10 Hz as at one sample in five minutes.
 *
 * Memory: bucket number, its sum and count, the mean, buckets entered, the score that stands; then its calibration.
 */
import { CALIBRATION_SIZE, enter, readTail, scoreOf, type Tail } from './calibration.ts';

const STANDING = 5;
const OWN = 6;
export const LANE_SIZE = OWN + CALIBRATION_SIZE;
/** Buckets back to which the calibration reaches. */
const MEMORY_BUCKETS = 4000;
const PRIOR_WEIGHT = 2;

/** The score that stands. */
export function standingScore(memory: Float64Array, at: number): number {
  return memory[at + STANDING];
}

/**
 * Takes in an error at a time and returns the score that stands.
 * @param bucketMs width of a bucket; @param window buckets that the mean reaches back
 */
export function laneStep(
  memory: Float64Array,
  at: number,
  error: number,
  time: number,
  bucketMs: number,
  cadence: number,
  window: number,
  tail: Tail,
): number {
  if (cadence * 1.5 >= bucketMs) return bucketStep(memory, at, error, window, tail);
  const bucket = Math.floor(time / bucketMs);
  if (bucket !== memory[at] && memory[at + 2] > 0) {
    bucketStep(memory, at, memory[at + 1] / memory[at + 2], window, tail);
    memory[at + 1] = 0;
    memory[at + 2] = 0;
  }
  memory[at] = bucket;
  memory[at + 1] += error;
  memory[at + 2] += 1;
  return memory[at + STANDING];
}

function bucketStep(memory: Float64Array, at: number, error: number, window: number, tail: Tail): number {
  const n = memory[at + 4] + 1;
  memory[at + 4] = n;
  memory[at + 3] += (error - memory[at + 3]) / Math.min(window, n);
  const a = Math.abs(memory[at + 3]);
  const calibration = at + OWN;
  readTail(memory, calibration, PRIOR_WEIGHT, tail);
  const score = scoreOf(memory, calibration, a, tail);
  enter(memory, calibration, a, score, MEMORY_BUCKETS);
  memory[at + STANDING] = score;
  return score;
}
