/**
 * A sensor that repeats itself longer than it ever does.
 *
 * With q = the share of samples that repeated the one before, in runs already over, a run of r repeats has chance q^r:
 *
 *   score = −r·log10 q, at most 12; only where r is more than three times the longest run so far
 *
 * A noisy sensor is caught after a few samples, a coarse or slow one late, a constant one never, and one that only
 * reports changes has no runs. A run that scored as a fault is not learned.
 *
 * Memory: last value, current run, repeats and samples in runs over, longest run over, samples.
 */
import { SCORE_MAX } from './calibration.ts';

export const STUCK_SIZE = 6;
const SAMPLES_MIN = 60;
const RUN_MIN = 3;
/** A run that scored this much is a fault and is not learned. */
const FAULT_SCORE = 4;

export function stuckStep(memory: Float64Array, at: number, x: number): number {
  const samples = memory[at + 5];
  memory[at + 5] = samples + 1;
  if (samples > 0 && x === memory[at]) {
    memory[at + 1] += 1;
    return stuckScore(memory, at);
  }
  if (samples > 0 && stuckScore(memory, at) < FAULT_SCORE) {
    const run = memory[at + 1];
    memory[at + 2] += run;
    memory[at + 3] += run + 1;
    if (run > memory[at + 4]) memory[at + 4] = run;
  }
  memory[at] = x;
  memory[at + 1] = 0;
  return 0;
}

function stuckScore(memory: Float64Array, at: number): number {
  const run = memory[at + 1];
  const past = memory[at + 3];
  if (past < SAMPLES_MIN || run < RUN_MIN || run <= 3 * memory[at + 4]) return 0;
  const q = (memory[at + 2] + 1) / (past + 2);
  return Math.min(SCORE_MAX, -run * Math.log10(q));
}
