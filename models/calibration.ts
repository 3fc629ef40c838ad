/**
 * From the size of an error to how rare it is: score = −log10 p, p the chance of an error at least this large.
 *
 * The past errors live in a decaying histogram of ln a. In the bulk, p is the weight of the bins above plus half the
 * own bin. Above the 97 % point u the histogram is too thin; there a generalised Pareto tail takes over,
 *
 *   p(a) = p(u)·(1 + ξ(a − u)/σ)^(−1/ξ)
 *
 * its shape ξ and scale σ from the mean and variance of the excess a − u (method of moments, Hosking & Wallis 1987),
 * both drawn towards a prior. It serves light and heavy tails alike: Gaussian noise has ξ near 0, and there twelve
 * sigma are worth twelve points; bursts have ξ near 0.5, and there the same error is worth four.
 *
 * A claim beyond what the entries could show, half a point more than log10 of their number, is believed by half: 300
 * samples cannot tell one in a million from one in ten thousand.
 *
 * Score first, then enter: an error never softens its own score. After 200 entries, one that scores above 3 enters as
 * at most the 99 % point (winsorised), so that a fault does not dull its own yardstick.
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
export const CLAIM_MAX = 16;

const ENTRIES_MIN = 20;
const WINSOR_AFTER = 200;
const WINSOR_SCORE = 3;
const RESCALE_ABOVE = 1e6;

/** Tail that is assumed before there is evidence: mean excess as a share of u, and shape. */
const EXCESS_PRIOR = 0.3;
const SHAPE_PRIOR = 0.1;
/** Entries in the tail that the prior shape counts for: a variance is a shaky thing to judge by. */
const SHAPE_PRIOR_WEIGHT = 20;
const SHAPE_MIN = 0.05;
const SHAPE_MAX = 0.5;

/** ln of the error; 1e-7 keeps an exact prediction finite. */
function logOf(a: number): number {
  return Math.log(a + 1e-7);
}

function binOf(log: number): number {
  const bin = Math.trunc((log - LOG_MIN) / BIN_WIDTH);
  return bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin;
}

/** The error in the middle of each bin. */
const MIDDLE = Float64Array.from({ length: BINS }, (_, bin) => Math.exp(LOG_MIN + (bin + 0.5) * BIN_WIDTH));

/** The tail of one histogram, as `readTail` found it. Reused: one per detector kind, not per series. */
export interface Tail {
  /** u, where the tail begins. */
  start: number;
  /** Chance of an error beyond the start. */
  pStart: number;
  /** σ and ξ. */
  scale: number;
  shape: number;
  /** Score beyond which a claim is believed by half. */
  evidence: number;
  /** False while too little is known to say anything. */
  known: boolean;
}

export function createTail(): Tail {
  return { start: 0, pStart: 1, scale: 1, shape: SHAPE_PRIOR, evidence: 0, known: false };
}

/** Fits the tail above the 97 % point. `priorWeight`: how many entries the prior excess counts for. */
export function readTail(memory: Float64Array, at: number, priorWeight: number, tail: Tail): void {
  const total = memory[at + TOTAL];
  const weight = memory[at + WEIGHT];
  tail.known = memory[at + COUNT] >= ENTRIES_MIN;
  if (!tail.known) return;
  tail.evidence = 0.5 + Math.log10(Math.min(memory[at + COUNT], 1e12));
  const share = 0.03 * total;
  let above = 0;
  let bin = BINS - 1;
  while (bin > 0 && above + memory[at + bin] < share) above += memory[at + bin--];
  const start = Math.exp(LOG_MIN + (bin + 1) * BIN_WIDTH);
  let sum = 0;
  let squares = 0;
  for (let i = bin + 1; i < BINS; i++) {
    const w = memory[at + i];
    if (w === 0) continue;
    const excess = MIDDLE[i] - start;
    sum += w * excess;
    squares += w * excess * excess;
  }
  const prior = priorWeight * weight;
  const mean = (sum + EXCESS_PRIOR * start * prior) / (above + prior);
  tail.start = start;
  tail.pStart = (above + 0.5 * weight) / (total + weight);
  tail.shape = shapeOf(sum, squares, above, SHAPE_PRIOR_WEIGHT * weight);
  tail.scale = mean * (1 - tail.shape);
}

/** ξ = (1 − mean²/variance)/2 of the excess, drawn towards its prior. */
function shapeOf(sum: number, squares: number, above: number, prior: number): number {
  let evidence = 0;
  if (above > 0) {
    const mean = sum / above;
    const variance = squares / above - mean * mean;
    // Everything in one bin: no spread, and nothing to learn a shape from.
    evidence = variance > 0 ? above * 0.5 * (1 - (mean * mean) / variance) : above * SHAPE_MIN;
  }
  const shape = (evidence + SHAPE_PRIOR * prior) / (above + prior);
  return shape < SHAPE_MIN ? SHAPE_MIN : shape > SHAPE_MAX ? SHAPE_MAX : shape;
}

/** What is believed of a claimed −log10 p. */
export function believed(claim: number, { evidence }: Tail): number {
  return claim > evidence ? (claim + evidence) / 2 : claim;
}

/**
 * What was claimed, at most 16: how often it is reached falls evenly, a decade a point, where that of a score falls by two
 * beyond the evidence.
 */
export function claimOf(score: number, { evidence }: Tail): number {
  return score > evidence ? Math.min(CLAIM_MAX, 2 * score - evidence) : score;
}

/** −log10 p of the error a ≥ 0, 0..12; `tail` was read from the same histogram. */
export function scoreOf(memory: Float64Array, at: number, a: number, tail: Tail): number {
  if (!tail.known) return 0;
  let p: number;
  if (a > tail.start) {
    p = tail.pStart * Math.exp(-Math.log1p((tail.shape * (a - tail.start)) / tail.scale) / tail.shape);
  } else {
    const bin = binOf(logOf(a));
    const weight = memory[at + WEIGHT];
    let above = 0;
    for (let i = BINS - 1; i > bin; i--) above += memory[at + i];
    p = (above + 0.5 * memory[at + bin] + 0.5 * weight) / (memory[at + TOTAL] + weight);
    // By rounding, an error at the very start of the tail can fall into the first bin above it.
    if (p < tail.pStart) p = tail.pStart;
  }
  const claimed = -Math.log10(p);
  const score = believed(claimed, tail);
  // The negated comparison also catches p = 0, whose logarithm is infinite.
  return !(score < SCORE_MAX) ? SCORE_MAX : score > 0 ? score : 0;
}

/** The error that scores `score`, the inverse of `scoreOf` in the tail; NaN while nothing is known, Infinity where none does. */
export function errorAt(score: number, tail: Tail): number {
  if (!tail.known) return Number.NaN;
  if (score > SCORE_MAX) return Infinity;
  const claimed = score > tail.evidence ? 2 * score - tail.evidence : score;
  const decades = claimed * Math.LN10 + Math.log(tail.pStart);
  return decades > 0 ? tail.start + (tail.scale / tail.shape) * Math.expm1(tail.shape * decades) : tail.start;
}

/** Enters the error a, which scored `score`; `memoryEntries`: how many entries back the weight falls to 1/e. */
export function enter(memory: Float64Array, at: number, a: number, score: number, memoryEntries: number): void {
  const count = memory[at + COUNT];
  let kept = a;
  if (count >= WINSOR_AFTER && score > WINSOR_SCORE) {
    const cap = percentile99(memory, at);
    if (kept > cap) kept = cap;
  }
  const weight = count === 0 ? 1 : memory[at + WEIGHT] / (1 - 1 / memoryEntries);
  memory[at + WEIGHT] = weight;
  memory[at + binOf(logOf(kept))] += weight;
  memory[at + TOTAL] += weight;
  memory[at + COUNT] = count + 1;
  if (weight > RESCALE_ABOVE) {
    for (let i = 0; i <= TOTAL; i++) memory[at + i] /= weight;
    memory[at + WEIGHT] = 1;
  }
}

/** Upper edge of the bin that holds the 99 % point. */
function percentile99(memory: Float64Array, at: number): number {
  const share = 0.01 * memory[at + TOTAL];
  let above = 0;
  let bin = BINS - 1;
  while (bin > 0 && above + memory[at + bin] < share) above += memory[at + bin--];
  return Math.exp(LOG_MIN + (bin + 1) * BIN_WIDTH);
}

const ADOPTED_ENTRIES = 200;

/** Entries of another series are believed like 200 of one's own. */
export function adoptCalibration(memory: Float64Array, at: number): void {
  memory[at + COUNT] = Math.min(memory[at + COUNT], ADOPTED_ENTRIES);
}
