/**
 * The slow lane: an exponential mean of errors over a stretch of time, scored against its own past.
 *
 * Errors are averaged in buckets of season/288; a full bucket enters the mean and is scored once, and the score stands
 * until the next.
 *
 * Memory: bucket being filled, the mean, buckets entered, the score that stands; then its calibration.
 */
import { BUCKETS_SIZE, gather, isGathered, strideOf } from './buckets.ts';
import { adoptCalibration, CALIBRATION_SIZE, enter, readTail, scoreOf, type Tail } from './calibration.ts';

const MEAN = BUCKETS_SIZE;
const ENTERED = MEAN + 1;
const STANDING = ENTERED + 1;
const OWN = STANDING + 1;
export const LANE_SIZE = OWN + CALIBRATION_SIZE;
/** Buckets back to which the calibration reaches. */
const MEMORY_BUCKETS = 4000;
const PRIOR_WEIGHT = 2;

/** The score that stands. */
export function standingScore(memory: Float64Array, at: number): number {
  return memory[at + STANDING];
}

/** The mean error, with its sign where errors have one. */
export function meanErrorOf(memory: Float64Array, at: number): number {
  return memory[at + MEAN];
}

/** Forgets the errors of late, not what errors are usual. */
export function calmLane(memory: Float64Array, at: number): void {
  memory[at + MEAN] = 0;
  memory[at + STANDING] = 0;
}

/**
 * Takes in an error at a time and returns the score that stands.
 * @param bucketMs width of a bucket; @param windowMs how far back the mean reaches
 */
export function laneStep(
  memory: Float64Array,
  at: number,
  error: number,
  time: number,
  bucketMs: number,
  cadence: number,
  windowMs: number,
  tail: Tail,
): number {
  const full = isGathered(cadence, bucketMs) ? gather(memory, at, error, time, bucketMs) : error;
  if (Number.isNaN(full)) return memory[at + STANDING];
  return laneEnter(memory, at, full, windowMs / strideOf(cadence, bucketMs), tail);
}

/** Takes in the error of a whole bucket. @param window buckets that the mean reaches back, at least one */
export function laneEnter(memory: Float64Array, at: number, error: number, window: number, tail: Tail): number {
  const n = memory[at + ENTERED] + 1;
  memory[at + ENTERED] = n;
  memory[at + MEAN] += (error - memory[at + MEAN]) / Math.max(1, Math.min(Math.round(window), n));
  const a = Math.abs(memory[at + MEAN]);
  const calibration = at + OWN;
  readTail(memory, calibration, PRIOR_WEIGHT, tail);
  const score = scoreOf(memory, calibration, a, tail);
  enter(memory, calibration, a, score, MEMORY_BUCKETS);
  memory[at + STANDING] = score;
  return score;
}

/** The mean error beyond which only a few in a hundred lie. */
export function laneTailStart(memory: Float64Array, at: number, tail: Tail): number {
  readTail(memory, at + OWN, PRIOR_WEIGHT, tail);
  return tail.known ? tail.start : Infinity;
}

/** What errors are usual for a sibling. */
export function adoptLane(memory: Float64Array, at: number, sibling: Float64Array, from: number): void {
  memory.set(sibling.subarray(from + OWN, from + OWN + CALIBRATION_SIZE), at + OWN);
  adoptCalibration(memory, at + OWN);
}
