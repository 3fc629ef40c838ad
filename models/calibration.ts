/**
 * From the size of an error to how rare it is: score = −log10 p, p the chance of an error at least this large.
 *
 * The past errors live in a decaying histogram of ln a. In the bulk, p is the weight of the bins above plus half the
 * own bin. Above the 97 % point u the histogram is too thin; there an exponential tail of ln a (a Pareto tail of a)
 * takes over, its slope β the mean excess over u (Hill), drawn towards a prior.
 *
 * Score first, then enter: an error never softens its own score. After 200 entries, one that scores above 3 enters as
 * at most 1.35 times the 99 % point (winsorised), so that a fault does not dull its own yardstick.
 *
 * Does not work before 20 entries (score 0), nor for errors outside e^−14 … e^8 (counted in the outer bins).
 *
 * Memory: weights [220], their sum, the weight of the next entry, entries counted.
 * The weight of a new entry grows instead of old ones shrinking, which keeps an entry O(1); rarely all are rescaled.
 */
const BINS = 220;
const LOG_MIN = -14;
const BIN_WIDTH = 22 / BINS;
const TOTAL = BINS;
const WEIGHT = BINS + 1;
const COUNT = BINS + 2;

export const CALIBRATION_SIZE = BINS + 3;
export const SCORE_MAX = 12;

const ENTRIES_MIN = 20;
const WINSOR_AFTER = 200;
const WINSOR_SCORE = 3;
const WINSOR_FACTOR = Math.exp(0.3);
const RESCALE_ABOVE = 1e6;

/** Tail slope that is assumed before evidence, and the least that is believed. */
const BETA_PRIOR = 0.3;
const BETA_MIN = 0.05;

/** ln of the error; 1e-7 keeps an exact prediction finite. */
function logOf(a: number): number {
  return Math.log(a + 1e-7);
}

function binOf(log: number): number {
  const bin = Math.trunc((log - LOG_MIN) / BIN_WIDTH);
  return bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin;
}

/** The tail of one histogram, as `readTail` found it. Reused: one per detector kind, not per series. */
export interface Tail {
  /** ln a where the tail begins. */
  logStart: number;
  /** Chance of an error beyond the start. */
  pStart: number;
  beta: number;
  /** False while too little is known to say anything. */
  known: boolean;
}

export function createTail(): Tail {
  return { logStart: 0, pStart: 1, beta: BETA_PRIOR, known: false };
}

/** Fits the tail above the 97 % point. `priorWeight`: how many entries the prior slope counts for. */
export function readTail(memory: Float64Array, at: number, priorWeight: number, tail: Tail): void {
  const total = memory[at + TOTAL]!;
  const weight = memory[at + WEIGHT]!;
  tail.known = memory[at + COUNT]! >= ENTRIES_MIN;
  if (!tail.known) return;
  const share = 0.03 * total;
  let above = 0;
  let bin = BINS - 1;
  while (bin > 0 && above + memory[at + bin]! < share) above += memory[at + bin--]!;
  const logStart = LOG_MIN + (bin + 1) * BIN_WIDTH;
  let excess = 0;
  for (let i = bin + 1; i < BINS; i++) {
    const w = memory[at + i]!;
    if (w !== 0) excess += w * (LOG_MIN + (i + 0.5) * BIN_WIDTH - logStart);
  }
  const prior = priorWeight * weight;
  const beta = (excess + BETA_PRIOR * prior) / (above + prior);
  tail.logStart = logStart;
  tail.pStart = (above + 0.5 * weight) / (total + weight);
  tail.beta = beta > BETA_MIN ? beta : BETA_MIN;
}

/** −log10 p of the error a ≥ 0, 0..12; `tail` was read from the same histogram. */
export function scoreOf(memory: Float64Array, at: number, a: number, tail: Tail): number {
  if (!tail.known) return 0;
  const log = logOf(a);
  let p: number;
  if (log > tail.logStart) {
    p = tail.pStart * Math.exp(-(log - tail.logStart) / tail.beta);
  } else {
    const bin = binOf(log);
    const weight = memory[at + WEIGHT]!;
    let above = 0;
    for (let i = BINS - 1; i > bin; i--) above += memory[at + i]!;
    p = (above + 0.5 * memory[at + bin]! + 0.5 * weight) / (memory[at + TOTAL]! + weight);
  }
  const score = -Math.log10(p);
  // The negated comparison also catches p = 0, whose logarithm is infinite.
  return !(score < SCORE_MAX) ? SCORE_MAX : score > 0 ? score : 0;
}

/** The error that scores `score`, the inverse of `scoreOf` in the tail; NaN while nothing is known. */
export function errorAt(score: number, tail: Tail): number {
  if (!tail.known) return Number.NaN;
  const excess = (score * Math.LN10 + Math.log(tail.pStart)) * tail.beta;
  return Math.exp(tail.logStart + (excess > 0 ? excess : 0)) - 1e-7;
}

/** Enters the error a, which scored `score`; `memoryEntries`: how many entries back the weight falls to 1/e. */
export function enter(memory: Float64Array, at: number, a: number, score: number, memoryEntries: number): void {
  const count = memory[at + COUNT]!;
  let kept = a;
  if (count >= WINSOR_AFTER && score > WINSOR_SCORE) {
    const cap = WINSOR_FACTOR * percentile99(memory, at);
    if (kept > cap) kept = cap;
  }
  const weight = count === 0 ? 1 : memory[at + WEIGHT]! / (1 - 1 / memoryEntries);
  memory[at + WEIGHT] = weight;
  memory[at + binOf(logOf(kept))]! += weight;
  memory[at + TOTAL]! += weight;
  memory[at + COUNT] = count + 1;
  if (weight > RESCALE_ABOVE) {
    for (let i = 0; i <= TOTAL; i++) memory[at + i]! /= weight;
    memory[at + WEIGHT] = 1;
  }
}

/** Upper edge of the bin that holds the 99 % point. */
function percentile99(memory: Float64Array, at: number): number {
  const share = 0.01 * memory[at + TOTAL]!;
  let above = 0;
  let bin = BINS - 1;
  while (bin > 0 && above + memory[at + bin]! < share) above += memory[at + bin--]!;
  return Math.exp(LOG_MIN + (bin + 1) * BIN_WIDTH);
}
