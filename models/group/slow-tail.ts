/**
 * An exponential mean of scores over some rows, and how rare it is.
 *
 * Memory: the mean, rows; then its calibration.
 */
import { CALIBRATION_SIZE, enter, readTail, scoreOf, type Tail } from '../calibration.ts';

const OWN = 2;
export const SLOW_TAIL_SIZE = OWN + CALIBRATION_SIZE;
/** A group has many channels, and its scores a heavier tail: what is rare takes longer to know. */
export const TAIL_ROWS = 20_000;
const PRIOR_WEIGHT = 2;

/** Takes a row into the mean over `window` rows and returns the mean. */
export function slowMean(memory: Float64Array, at: number, value: number, window: number): number {
  const n = memory[at + 1] + 1;
  memory[at + 1] = n;
  memory[at] += (value - memory[at]) / Math.min(n, window);
  return memory[at];
}

/** How rare a value is, −log10 p. */
export function slowScore(memory: Float64Array, at: number, value: number, tail: Tail): number {
  readTail(memory, at + OWN, PRIOR_WEIGHT, tail);
  return scoreOf(memory, at + OWN, value, tail);
}

/** Takes in a value that is believed to be usual. @param score  its `slowScore` */
export function slowEnter(memory: Float64Array, at: number, value: number, score: number): void {
  enter(memory, at + OWN, value, score, TAIL_ROWS);
}
