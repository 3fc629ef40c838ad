/**
 * A sensor that repeats itself longer than it ever does.
 *
 * With q = the share of samples that repeated the one before, in runs already over, a run of r repeats has chance q^r:
 *
 *   score = −r·log10 q, at most 12; only where r > (f + 12/k)·longest usual run, of k runs: few say little
 *
 * Chance alone makes the longest of n samples about ln n/ln(1/q) long. Where a noisy sensor (q < 0.2) has none much longer,
 * a run has only to be longer than any before (f = 1); elsewhere something else than chance holds the value now and then,
 * and f = 3.
 *
 * A noisy sensor is caught after a few samples, a coarse or slow one late, a constant one never, and one that only
 * reports changes has no runs. How much of a long run becomes the usual depends on how broad the runs are
 * (models/breadth.ts): next to nothing of that of a noisy sensor. But of one that scored as a fault, the value is kept:
 * what stands at 0 every night is told once, and a sensor that hangs hangs somewhere else the next time. So the four
 * values at which it stood last have longest runs of their own.
 *
 * Memory: last value, current run, repeats and samples in runs over, longest usual run, samples, breadth of the runs;
 * values at which it stood [4], their longest runs [4], how many there were.
 */
import { believed, BREADTH_SIZE, breadthStep, longestAfter } from './breadth.ts';
import { SCORE_MAX } from './calibration.ts';

const LONGEST = 4;
const SAMPLES = 5;
const BREADTH = 6;
const RESTS = 4;
const REST = BREADTH + BREADTH_SIZE;
const REST_RUN = REST + RESTS;
const REST_COUNT = REST_RUN + RESTS;
export const STUCK_SIZE = REST_COUNT + 1;
const SAMPLES_MIN = 60;
const RUN_MIN = 3;
const RUN_FACTOR = 3;
const NOISY_SHARE = 0.2;
const CHANCE_FACTOR = 1.5;
const FEW_RUNS_FACTOR = 12;
const RUNS_BELIEVED = 16;
const MEMORY_RUNS = 4096;
/** A run that scored this much is a fault. */
const FAULT_SCORE = 4;

export function stuckStep(memory: Float64Array, at: number, x: number): number {
  const samples = memory[at + SAMPLES];
  memory[at + SAMPLES] = samples + 1;
  if (samples > 0 && x === memory[at]) {
    memory[at + 1] += 1;
    return stuckScore(memory, at);
  }
  if (samples > 0) endRun(memory, at);
  memory[at] = x;
  memory[at + 1] = 0;
  return 0;
}

/** The sensor may stand where it stands, however long; at the same value again, as long as it will have. */
export function acceptRun(memory: Float64Array, at: number): void {
  if (stuckScore(memory, at) > 0) rest(memory, at, Infinity);
}

function endRun(memory: Float64Array, at: number): void {
  if (stuckScore(memory, at) >= FAULT_SCORE || longestOf(memory, at) === Infinity) rest(memory, at, memory[at + 1]);
  const run = memory[at + 1];
  const runs = memory[at + 3] - memory[at + 2];
  const longest = memory[at + LONGEST];
  const usual = runs > 0 ? memory[at + 2] / runs : run;
  const breadth = breadthStep(memory, at + BREADTH, (run + 1) / (usual + 1));
  const kept = runs < RUNS_BELIEVED ? run : believed(run, Math.max(longest, 1), breadth);
  memory[at + 2] += kept;
  memory[at + 3] += kept + 1;
  memory[at + LONGEST] = longestAfter(longest, kept, usual, MEMORY_RUNS);
}

/** From now on the present value may have runs of this length. */
function rest(memory: Float64Array, at: number, run: number): void {
  const known = restOf(memory, at);
  const i = known >= 0 ? known : memory[at + REST_COUNT]++ % RESTS;
  memory[at + REST + i] = memory[at];
  memory[at + REST_RUN + i] = run;
}

/** Which of the values at which it stood is the present one; −1: none. */
function restOf(memory: Float64Array, at: number): number {
  const count = Math.min(RESTS, memory[at + REST_COUNT]);
  for (let i = 0; i < count; i++) if (memory[at + REST + i] === memory[at]) return i;
  return -1;
}

function stuckScore(memory: Float64Array, at: number): number {
  const run = memory[at + 1];
  const past = memory[at + 3];
  if (past < SAMPLES_MIN || run < RUN_MIN) return 0;
  const q = (memory[at + 2] + 1) / (past + 2);
  const longest = longestOf(memory, at);
  const isChance = q < NOISY_SHARE && longest < (-CHANCE_FACTOR * Math.log(past)) / Math.log(q);
  const factor = (isChance ? 1 : RUN_FACTOR) + FEW_RUNS_FACTOR / (past - memory[at + 2]);
  if (run <= factor * longest) return 0;
  return Math.min(SCORE_MAX, -run * Math.log10(q));
}

function longestOf(memory: Float64Array, at: number): number {
  const i = restOf(memory, at);
  return i < 0 ? memory[at + LONGEST] : Math.max(memory[at + LONGEST], memory[at + REST_RUN + i]);
}
